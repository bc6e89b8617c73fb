import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LsResult } from '../../../editor/model/types.ts';
import { NoAnswer, type HttpRequest } from '../http.ts';
import { LeadTime } from '../lead-time.ts';
import { Autosave, DRAFT_AFTER_MS, startWork } from './autosave.ts';
import { Outbox } from './outbox.ts';
import { freshWork, isUnsent, workKey } from './work.ts';
import { MemoryWorkStore } from './work-store.ts';

const ids = { userId: 7, projectId: 3, taskId: 1, now: 0 };
const box = (id: string): LsResult => ({ id, from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: {} });

function open() {
  const store = new MemoryWorkStore();
  const sent: HttpRequest[] = [];
  const outbox = new Outbox({
    userId: 7,
    store,
    send: async (request) => {
      sent.push(request);
      throw new NoAnswer('cut');
    },
    lock: async (_name, work) => work(),
    channel: { post: () => undefined, listen: () => () => undefined },
    now: () => Date.now(),
    random: () => 0,
    newKey: () => 'key',
  });
  const content: { results: LsResult[]; dismissed: string[] } = { results: [], dismissed: [] };
  const autosave = new Autosave({
    ...ids,
    store,
    outbox,
    parentPrediction: null,
    work: startWork(undefined, { annotationId: null, draftId: null, leadTimeS: 0 }, ids),
    leadTime: new LeadTime(0, () => 0),
    now: () => Date.now(),
    results: () => content.results,
    dismissed: () => content.dismissed,
    onChange: () => undefined,
  });
  return { store, outbox, autosave, content, sent };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('a change is in the browser at once, and in the outbox a second after the last one', async () => {
  const { store, autosave, content } = open();
  content.results = [box('a')];
  autosave.touched();
  await vi.advanceTimersByTimeAsync(1);
  expect(await store.work(workKey(7, 1))).toMatchObject({ result: [box('a')], change: 1, savedChange: 0 });
  content.results = [box('a'), box('b')];
  await vi.advanceTimersByTimeAsync(DRAFT_AFTER_MS - 100);
  autosave.touched();
  await vi.advanceTimersByTimeAsync(DRAFT_AFTER_MS - 100);
  expect(await store.entries(7)).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(200);
  expect(await store.entries(7)).toMatchObject([{ intent: 'draft', result: [box('a'), box('b')], change: 2 }]);
});

test('a submit takes the place of the draft that was due', async () => {
  const { store, autosave, content } = open();
  content.results = [box('a')];
  autosave.touched();
  await autosave.finish('submit');
  await vi.advanceTimersByTimeAsync(DRAFT_AFTER_MS * 2);
  expect(await store.entries(7)).toMatchObject([{ intent: 'submit', result: [box('a')] }]);
});

test('what was put away is remembered', async () => {
  const { store, autosave, content } = open();
  content.dismissed = ['p1'];
  autosave.touched();
  await vi.advanceTimersByTimeAsync(1);
  expect((await store.work(workKey(7, 1)))?.dismissed).toEqual(['p1']);
});

test('when the page closes, the last change is stored and sent without waiting', async () => {
  const { store, autosave, content, sent } = open();
  content.results = [box('a')];
  autosave.touched();
  autosave.flushAtTheEnd();
  expect(sent).toMatchObject([{ keepalive: true, path: 'api/tasks/1/drafts?project=3' }]);
  await vi.advanceTimersByTimeAsync(0);
  const [entry] = await store.entries(7);
  expect(entry?.request).toEqual({ ...sent[0], keepalive: undefined });
});

test('ids that the sender has learned survive the next change', async () => {
  const { store, autosave } = open();
  autosave.touched();
  await vi.advanceTimersByTimeAsync(1);
  await store.changeWork(workKey(7, 1), (work) => work && { ...work, draftId: 5, draftEtag: '"1"' });
  autosave.touched();
  await vi.advanceTimersByTimeAsync(1);
  expect(await store.work(workKey(7, 1))).toMatchObject({ draftId: 5, draftEtag: '"1"', change: 2 });
});

test('unsent work of this browser goes on as it was, else the server has the word', () => {
  const server = { annotationId: 9, draftId: null, leadTimeS: 4 };
  const unsent = { ...freshWork(7, 3, 1, 0), result: [box('a')], change: 2, savedChange: 1, draftId: 5 };
  expect(isUnsent(unsent)).toBe(true);
  expect(startWork(unsent, server, ids)).toBe(unsent);
  expect(startWork({ ...unsent, savedChange: 2 }, server, ids)).toMatchObject({ annotationId: 9, draftId: null, result: null, leadTimeS: 4 });
});
