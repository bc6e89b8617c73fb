import { expect, test } from 'vitest';
import type { HttpRequest } from './http.ts';
import { TaskQueue } from './queue.ts';

/** The server's queue in small: tasks in order, the first two unfinished ones leased. */
class SmallQueue {
  finished = new Set<number>();
  heard: string[] = [];
  history: Array<{ taskId: number; annotationId: number }> = [];
  readonly #tasks: number[];

  constructor(...tasks: number[]) {
    this.#tasks = tasks;
  }

  fetch = async ({ path }: HttpRequest) => {
    this.heard.push(path);
    const [status, body] = this.#answer(path);
    return { status, body, etag: null, retryAfterS: null };
  };

  #answer(path: string): [number, unknown] {
    if (path.includes('label-stream-history')) return [200, this.history];
    if (path.startsWith('api/tasks/')) return this.#task(Number(path.split('/')[2]));
    const open = this.#tasks.filter((id) => !this.finished.has(id));
    return this.#task(open[path.endsWith('peek=1') ? 1 : 0]);
  }

  #task(id: number | undefined): [number, unknown] {
    return id !== undefined && this.#tasks.includes(id) ? [200, { id, data: {} }] : [404, { detail: 'none' }];
  }
}

function open(server: SmallQueue) {
  const prefetched: number[] = [];
  let arrive: () => void = () => undefined;
  let arrived: Promise<void> = Promise.resolve();
  const queue = new TaskQueue({
    projectId: 1,
    fetch: server.fetch,
    settled: () => arrived,
    onPrefetch: (task) => prefetched.push(task.id),
  });
  const hold = (): void => {
    arrived = new Promise((resolve) => (arrive = resolve));
  };
  return { queue, prefetched, hold, arrive: () => arrive() };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

test('the next task is there before the current one is finished', async () => {
  const server = new SmallQueue(1, 2, 3);
  const { queue, prefetched } = open(server);
  expect(await queue.openNext()).toMatchObject({ kind: 'task', task: { id: 1 } });
  queue.prefetch();
  await turn();
  expect(prefetched).toEqual([2]);
  expect(queue.ready).toMatchObject({ id: 2 });
  const asked = server.heard.length;
  expect(await queue.openNext()).toMatchObject({ task: { id: 2 } });
  expect(server.heard).toHaveLength(asked);
});

test('a finished task that is still on its way is not handed out again', async () => {
  const server = new SmallQueue(1, 2);
  const { queue, hold, arrive } = open(server);
  await queue.openNext();
  hold();
  const next = queue.openNext();
  await turn();
  expect(server.heard.filter((path) => path.endsWith('/next'))).toHaveLength(1);
  server.finished.add(1);
  arrive();
  expect(await next).toMatchObject({ task: { id: 2 } });
});

test('when nothing is left it says so, and one can still go back', async () => {
  const server = new SmallQueue(1);
  const { queue } = open(server);
  await queue.openNext();
  server.finished.add(1);
  expect(await queue.openNext()).toEqual({ kind: 'none' });
  expect(queue.hasPrevious).toBe(true);
  expect(await queue.openPrevious()).toMatchObject({ task: { id: 1 } });
});

test('previous goes through what one did earlier, and next comes forward again', async () => {
  const server = new SmallQueue(1, 2, 3);
  server.finished = new Set([1, 2]);
  server.history = [{ taskId: 1, annotationId: 11 }, { taskId: 2, annotationId: 12 }];
  const { queue } = open(server);
  await queue.openNext();
  await queue.loadHistory();
  expect(queue.place).toBe(3);
  expect(await queue.openPrevious()).toMatchObject({ task: { id: 2 }, annotationId: 12 });
  expect(queue.isBack).toBe(true);
  expect(await queue.openPrevious()).toMatchObject({ task: { id: 1 }, annotationId: 11 });
  expect(queue.hasPrevious).toBe(false);
  await queue.openNext();
  expect(await queue.openNext()).toMatchObject({ task: { id: 3 } });
});

test('after a task opened by its address comes the queue, not the same task again', async () => {
  const server = new SmallQueue(1, 2, 3);
  const { queue } = open(server);
  await queue.open(1);
  queue.prefetch();
  await turn();
  expect(queue.ready).toMatchObject({ id: 2 });
});

test('a task opened out of order is followed by the first of the queue', async () => {
  const server = new SmallQueue(1, 2, 3);
  const { queue } = open(server);
  await queue.open(3);
  queue.prefetch();
  await turn();
  expect(queue.ready).toMatchObject({ id: 1 });
});

test('a deleted task is named', async () => {
  const { queue } = open(new SmallQueue(1));
  expect(await queue.open(9)).toEqual({ kind: 'gone', taskId: 9 });
});

test('a skipped task that comes again is the newest one', async () => {
  const server = new SmallQueue(1, 2);
  const { queue } = open(server);
  await queue.openNext();
  server.finished.add(1);
  await queue.openNext();
  server.finished = new Set([2]);
  await queue.openNext();
  expect(queue.current?.taskId).toBe(1);
  expect(queue.isBack).toBe(false);
  expect(queue.place).toBe(2);
});

test('whoever goes back while the next task is on its way stays there', async () => {
  const server = new SmallQueue(1, 2);
  const { queue, hold, arrive } = open(server);
  await queue.openNext();
  hold();
  const next = queue.openNext();
  const chosen = await queue.open(1);
  arrive();
  expect(chosen).toMatchObject({ task: { id: 1 } });
  expect(await next).toEqual({ kind: 'late' });
  expect(queue.current?.taskId).toBe(1);
});
