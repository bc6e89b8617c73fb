import { expect, test } from 'vitest';
import { backoffMs, judge, pick, requestFor, supersedes } from './verdict.ts';
import { freshWork, type Entry } from './work.ts';

const entry = (over: Partial<Entry> = {}): Entry => ({
  seq: 1,
  workKey: '7:1',
  userId: 7,
  projectId: 3,
  taskId: 1,
  intent: 'draft',
  result: [],
  leadTimeS: 2,
  parentPrediction: null,
  change: 1,
  idempotencyKey: 'k1',
  request: null,
  attempts: 0,
  notBefore: 0,
  held: null,
  createdAt: 0,
  ...over,
});
const reply = (status: number, body: unknown = null) => ({ status, body, etag: '"2"', retryAfterS: null });

test.each([
  [201, { id: 5 }, 'saved'],
  [401, null, 'sign-in'],
  [403, { code: 'csrf-missing' }, 'csrf'],
  [500, null, 'retry'],
  [503, null, 'retry'],
  [429, null, 'retry'],
  [404, null, 'held'],
  [409, { current: { id: 5 } }, 'held'],
  [400, null, 'held'],
  [403, { code: 'forbidden' }, 'held'],
  [413, null, 'held'],
])('an answer of %i %j means %s', (status, body, kind) => {
  expect(judge(reply(status, body)).kind).toBe(kind);
});

test('a conflict carries the other version and its tag', () => {
  const verdict = judge(reply(409, { current: { id: 5 }, detail: 'changed' }));
  expect(verdict).toEqual({ kind: 'held', held: { kind: 'conflict', current: { id: 5 }, etag: '"2"', message: 'changed' } });
});

test('a refusal carries the fields that the server named', () => {
  const verdict = judge(reply(400, { detail: 'no', validation_errors: { result: ['x'] } }));
  expect(verdict).toEqual({ kind: 'held', held: { kind: 'refused', message: 'no', fields: { result: ['x'] } } });
});

test('a first submit creates, a later one changes what was created under its version', () => {
  const work = freshWork(7, 3, 1, 0);
  expect(requestFor(entry({ intent: 'submit' }), work)).toMatchObject({
    method: 'POST',
    path: 'api/tasks/1/annotations/?project=3',
    headers: { 'Idempotency-Key': 'k1' },
  });
  const known = { ...work, annotationId: 9, annotationEtag: '"4"' };
  expect(requestFor(entry({ intent: 'submit' }), known)).toMatchObject({
    method: 'PATCH',
    path: 'api/annotations/9/',
    headers: { 'If-Match': '"4"' },
  });
});

test('a skip says so, and takes the draft along', () => {
  const work = { ...freshWork(7, 3, 1, 0), draftId: 4 };
  expect(requestFor(entry({ intent: 'skip' }), work).body).toMatchObject({ was_cancelled: true, draft_id: 4 });
});

test('saves of one task keep their order, and a held one stops only its own task', () => {
  const held = entry({ seq: 1, held: { kind: 'gone', message: '' } });
  const behind = entry({ seq: 2 });
  const other = entry({ seq: 3, workKey: '7:2', taskId: 2 });
  expect(pick([held, behind, other], 0)).toEqual({ kind: 'send', entry: other });
  expect(pick([held, behind], 0)).toEqual({ kind: 'nothing' });
  expect(pick([entry({ notBefore: 50 })], 20)).toEqual({ kind: 'wait', ms: 30 });
});

test('a new draft replaces an untried draft, never one that was tried, never a submit', () => {
  const next = { workKey: '7:1', intent: 'draft' as const };
  expect(supersedes(next, entry())).toBe(true);
  expect(supersedes(next, entry({ attempts: 1 }))).toBe(false);
  expect(supersedes(next, entry({ intent: 'submit' }))).toBe(false);
  expect(supersedes(next, entry({ workKey: '7:2' }))).toBe(false);
});

test('whoever goes on working has taken back what the server refused', () => {
  const refused = entry({ intent: 'submit', attempts: 1, held: { kind: 'refused', message: '', fields: {} } });
  expect(supersedes({ workKey: '7:1', intent: 'draft' }, refused)).toBe(true);
});

test('the wait doubles up to a minute, less at random', () => {
  expect([1, 2, 3, 10].map((attempt) => backoffMs(attempt, () => 0))).toEqual([1000, 2000, 4000, 60_000]);
  expect(backoffMs(1, () => 1)).toBe(500);
});
