import { expect, test, vi } from 'vitest';
import { allTraceIds, type TraceQuestion, TRACES_A_DELETION } from '../../api/traces';
import { answer } from '../../test-screens';
import { deleteMany, tellDeleted } from './trace-bulk';

const question = { workspace: 1, experiments: ['3'], filter: '', order: [] } satisfies TraceQuestion;
const ids = Array.from({ length: 3 * TRACES_A_DELETION }, (_, at) => `tr-${at}`);

/** A server that deletes what it is asked to, so many times; then it is away. */
function serve(times: number) {
  let asked = 0;
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => (asked++ < times
    ? answer({ traces_deleted: JSON.parse(String(body)).request_ids.length })
    : answer({ error_code: 'X', message: 'The tracking process is away.' }, 400)));
}

test('a deletion that stops half way is told with what went until then, and the rest is known', async () => {
  serve(2);
  const done = await deleteMany(question, ids);
  expect(done.left).toEqual(ids.slice(2 * TRACES_A_DELETION));
  expect(tellDeleted(done)).toBe(`${2 * TRACES_A_DELETION} of ${3 * TRACES_A_DELETION} traces deleted. The tracking process is away.`);
});

test('a deletion that does not begin is an error', async () => {
  serve(0);
  await expect(deleteMany(question, ids)).rejects.toThrow('away');
});

test('a trace that a second page tells again is meant once', async () => {
  const page = (id: string, next?: string) => ({ traces: [{ trace_id: id }], next_page_token: next });
  const pages = [page('a', '1'), page('a', '2'), page('b')];
  vi.stubGlobal('fetch', async () => answer(pages.shift()));
  expect(await allTraceIds(question)).toEqual(['a', 'b']);
});
