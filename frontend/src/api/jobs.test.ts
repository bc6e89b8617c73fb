import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followJob } from './jobs';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const running = () => Response.json({ id: 'j', state: 'running', progress: null });
/** A server that gives these answers in turn, the last of them for ever; without one the network fails. */
function serve(...answers: Array<(() => Response) | undefined>): void {
  let asked = 0;
  vi.stubGlobal('fetch', async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (!answer) throw new TypeError('no network');
    return answer();
  });
}

test('a job is followed past lost looks and answers of a proxy', async () => {
  serve(running, undefined, () => new Response('', { status: 503 }), running, () => Response.json({ id: 'j', state: 'done', result: { task_count: 2 }, progress: null }));
  const followed = followJob('j', () => undefined);
  await vi.advanceTimersByTimeAsync(20_000);
  await expect(followed).resolves.toEqual({ task_count: 2 });
});

test('a job that cannot be asked for any more is lost, not failed', async () => {
  serve(running, undefined);
  const followed = expect(followJob('j', () => undefined)).rejects.toMatchObject({ code: 'job-lost' });
  await vi.advanceTimersByTimeAsync(70_000);
  await followed;
  serve(running, () => new Response('', { status: 401 }));
  const signedOut = expect(followJob('j', () => undefined)).rejects.toMatchObject({ code: 'job-lost', status: 401 });
  await vi.advanceTimersByTimeAsync(1_000);
  await signedOut;
});
