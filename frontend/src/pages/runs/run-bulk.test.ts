import { expect, test, vi } from 'vitest';
import { answer } from '../../test-screens';
import { actOnMany, partly } from './run-bulk';

const runs = Array.from({ length: 500 }, (_, at) => `r${at}`);
const done = (some: string[]) => ({ changed: some.length, refused: [], unchanged: [] as string[], left: 0, why: '' });

/** A server that answers to each part of the runs; returns how many parts it was asked for. */
function serve(answered: (some: string[]) => object) {
  let asked = 0;
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => {
    asked += 1;
    return answer(answered(JSON.parse(String(body)).run_ids));
  });
  return () => asked;
}

test('what stops half way is told with what was done until then', async () => {
  const asked = serve((some) => (some[0] === 'r0' ? done(some) : { ...done(some), unchanged: some.slice(50), left: some.length - 50, why: 'It is away.' }));
  const acted = await actOnMany(1, runs, { action: 'delete' }, 'Deleting');
  expect(asked()).toBe(2);
  expect(acted.changed).toEqual(runs.slice(0, 250));
  expect(acted.unchanged).toEqual(runs.slice(250));
  expect(partly(acted, 'deleted')).toBe('250 of 500 runs were deleted. It is away.');
});

test('a server that goes away is told with what was answered before', async () => {
  serve((some) => {
    if (some[0] !== 'r0') throw new TypeError('away');
    return done(some);
  });
  const acted = await actOnMany(1, runs, { action: 'delete' }, 'Deleting');
  expect([acted.changed.length, acted.unchanged.length]).toEqual([200, 300]);
  expect(acted.why).not.toBe('');
});

test('what is refused stays, and the others are done', async () => {
  serve((some) => ({ ...done(some), refused: [{ run_id: some[0], message: 'It is deleted.' }], unchanged: some.slice(0, 1) }));
  const acted = await actOnMany(1, runs, { action: 'delete' }, 'Deleting');
  expect(acted.unchanged).toEqual(['r0', 'r200', 'r400']);
  expect(acted.why).toBe('It is deleted.');
});

test('what changes nothing at all is an error', async () => {
  serve(() => { throw new TypeError('away'); });
  await expect(actOnMany(1, runs, { action: 'delete' }, 'Deleting')).rejects.toThrow();
});
