import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NoAnswer, type HttpReply, type HttpRequest } from '../http.ts';
import { Outbox, type Filling, type Lock, type OutboxChannel, type OutboxMessage } from './outbox.ts';
import { freshWork, workKey, type Work } from './work.ts';
import { MemoryWorkStore, openWorkStore, type WorkStore } from './work-store.ts';

const USER = 7;
const result = [{ id: 'a', from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: {} }];

/** A server in small: it keeps annotations by idempotency key, and answers what the test lays down. */
class SmallServer {
  readonly heard: HttpRequest[] = [];
  readonly annotations = new Map<string, { id: number; body: unknown }>();
  answers: Array<HttpReply | 'cut' | 'cut after saving'> = [];

  send = async (request: HttpRequest): Promise<HttpReply> => {
    this.heard.push(request);
    const answer = this.answers.shift();
    if (answer === 'cut') throw new NoAnswer('cut');
    if (answer && answer !== 'cut after saving') return answer;
    const saved = this.#save(request);
    if (answer === 'cut after saving') throw new NoAnswer('cut');
    return { status: 201, body: { id: saved }, etag: `"${this.heard.length}"`, retryAfterS: null };
  };

  #save(request: HttpRequest): number {
    const key = request.headers?.['Idempotency-Key'] ?? '';
    const known = this.annotations.get(key);
    if (known) return known.id;
    const changed = /(?:drafts|annotations)\/(\d+)\/$/.exec(request.path)?.[1];
    const id = changed ? Number(changed) : 100 + this.annotations.size;
    this.annotations.set(key, { id, body: request.body });
    return id;
  }
}

/** Tabs of one browser: one lock, one channel. */
class Browser {
  readonly #listeners = new Map<object, (message: OutboxMessage) => void>();
  #queue: Promise<void> = Promise.resolve();

  lock: Lock = (_name, work, signal) => {
    const turn = this.#queue.then(() => (signal.aborted ? undefined : work()));
    this.#queue = turn;
    return turn;
  };

  tab(): OutboxChannel {
    const me = {};
    return {
      post: (message) => this.#listeners.forEach((hear, tab) => tab !== me && hear(message)),
      listen: (hear) => {
        this.#listeners.set(me, hear);
        return () => this.#listeners.delete(me);
      },
    };
  }
}

const filling = (taskId: number, over: Partial<Filling> = {}): Filling => ({
  workKey: workKey(USER, taskId),
  projectId: 3,
  taskId,
  intent: 'submit',
  result,
  leadTimeS: 1,
  parentPrediction: null,
  change: 1,
  ...over,
});

let server: SmallServer;
let browser: Browser;
let opened: Outbox[];
let database = 0;
let keys = 0;

function openOutbox(store: WorkStore): Outbox {
  const outbox = new Outbox({
    userId: USER,
    store,
    send: server.send,
    lock: browser.lock,
    channel: browser.tab(),
    now: () => Date.now(),
    random: () => 1,
    newKey: () => `key-${++keys}`,
  });
  opened.push(outbox);
  return outbox;
}

async function keepWork(store: WorkStore, taskId: number, over: Partial<Work> = {}): Promise<void> {
  const work = { ...freshWork(USER, 3, taskId, Date.now()), change: 1, result, ...over };
  await store.changeWork(work.key, () => work);
}

const isEmpty = (outbox: Outbox): Promise<void> => vi.waitFor(() => expect(outbox.state.unsent).toBe(0), { timeout: 5000 });

beforeEach(() => {
  server = new SmallServer();
  browser = new Browser();
  opened = [];
  database += 1;
});

afterEach(() => opened.forEach((outbox) => outbox.stop()));

const kinds: Array<[string, () => Promise<WorkStore>]> = [
  ['IndexedDB', () => openWorkStore(`outbox-test-${database}`)],
  ['memory', async () => new MemoryWorkStore()],
];

for (const [kind, openStore] of kinds) {
  test(`${kind}: saves arrive in order, and their work learns its annotation`, async () => {
    const store = await openStore();
    const outbox = openOutbox(store);
    await keepWork(store, 1);
    await keepWork(store, 2);
    await outbox.put(filling(1));
    await outbox.put(filling(2));
    void outbox.run();
    await isEmpty(outbox);
    expect(server.heard.map((request) => request.path)).toEqual([
      'api/tasks/1/annotations/?project=3',
      'api/tasks/2/annotations/?project=3',
    ]);
    expect(await store.work(workKey(USER, 1))).toMatchObject({ annotationId: 100, annotationEtag: '"1"', result: null });
  });

  test(`${kind}: an answer that was lost is asked for again under the same key, and nothing is saved twice`, async () => {
    const store = await openStore();
    const outbox = openOutbox(store);
    await keepWork(store, 1);
    server.answers = ['cut after saving'];
    await outbox.put(filling(1));
    void outbox.run();
    await isEmpty(outbox);
    expect(server.heard).toHaveLength(2);
    expect(server.heard[1]).toEqual(server.heard[0]);
    expect(server.annotations.size).toBe(1);
  });

  test(`${kind}: a newer draft goes instead of an older one that was not tried`, async () => {
    const store = await openStore();
    const outbox = openOutbox(store);
    await keepWork(store, 1);
    await outbox.put(filling(1, { intent: 'draft', leadTimeS: 1 }));
    await outbox.put(filling(1, { intent: 'draft', leadTimeS: 2 }));
    void outbox.run();
    await isEmpty(outbox);
    expect(server.heard.map((request) => request.body)).toEqual([{ result, lead_time: 2 }]);
  });

  test(`${kind}: a draft is created once and changed from then on, and the submit takes it along`, async () => {
    const store = await openStore();
    const outbox = openOutbox(store);
    await keepWork(store, 1);
    void outbox.run();
    for (const intent of ['draft', 'draft', 'submit'] as const) {
      await outbox.put(filling(1, { intent }));
      await isEmpty(outbox);
    }
    expect(server.heard.map((request) => `${request.method} ${request.path}`)).toEqual([
      'POST api/tasks/1/drafts?project=3',
      'PATCH api/drafts/100/',
      'POST api/tasks/1/annotations/?project=3',
    ]);
    expect(server.heard[2]?.body).toMatchObject({ draft_id: 100 });
  });
}

test('the network cut: the outbox says so, keeps the save, and sends it when the network is back', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1);
  server.answers = ['cut', 'cut'];
  const phases: string[] = [];
  outbox.subscribe(() => phases.push(outbox.state.phase));
  await outbox.put(filling(1));
  void outbox.run();
  await vi.waitFor(() => expect(outbox.state.phase).toBe('offline'));
  expect(outbox.state.unsent).toBe(1);
  await outbox.retryNow();
  await isEmpty(outbox);
  expect(phases).toContain('offline');
  expect(outbox.state.phase).toBe('resting');
});

test('a reload finds what was not sent', async () => {
  const name = `outbox-test-${database}`;
  const before = openOutbox(await openWorkStore(name));
  await before.put(filling(1)); // never ran: the page crashed
  const after = openOutbox(await openWorkStore(name));
  void after.run();
  await vi.waitFor(() => expect(server.annotations.size).toBe(1));
});

test('an expired session holds everything until the person has signed in again', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1);
  server.answers = [{ status: 401, body: null, etag: null, retryAfterS: null }];
  await outbox.put(filling(1));
  void outbox.run();
  await vi.waitFor(() => expect(outbox.state.phase).toBe('signed-out'));
  expect(outbox.state.unsent).toBe(1);
  outbox.signedIn();
  await isEmpty(outbox);
  expect(server.heard[1]?.headers).toEqual(server.heard[0]?.headers);
});

test('two tabs: one of them sends, and the other takes over when it closes', async () => {
  const name = `outbox-test-${database}`;
  const [first, second] = [openOutbox(await openWorkStore(name)), openOutbox(await openWorkStore(name))];
  void first.run();
  void second.run();
  await second.put(filling(1));
  await isEmpty(second);
  expect(server.heard).toHaveLength(1);
  first.stop();
  await second.put(filling(2));
  await isEmpty(second);
  expect(server.annotations.size).toBe(2);
});

test('a conflict waits for the person: mine goes over the other version, with its tag', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1, { annotationId: 9, annotationEtag: '"1"' });
  server.answers = [{ status: 409, body: { current: { id: 9 } }, etag: '"5"', retryAfterS: null }];
  await outbox.put(filling(1));
  void outbox.run();
  await vi.waitFor(() => expect(outbox.state.held).toHaveLength(1));
  await outbox.decide(outbox.state.held[0]!.seq, 'mine');
  await isEmpty(outbox);
  expect(server.heard.map((request) => request.headers?.['If-Match'])).toEqual(['"1"', '"5"']);
  expect(server.heard[0]?.headers?.['Idempotency-Key']).not.toBe(server.heard[1]?.headers?.['Idempotency-Key']);
});

test('theirs: mine and all that waits behind it is forgotten', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1, { annotationId: 9, annotationEtag: '"1"' });
  server.answers = [{ status: 409, body: { current: { id: 9 } }, etag: '"5"', retryAfterS: null }];
  await outbox.put(filling(1));
  void outbox.run();
  await vi.waitFor(() => expect(outbox.state.held).toHaveLength(1));
  await outbox.put(filling(1, { intent: 'draft', change: 2 }));
  await outbox.decide(outbox.state.held[0]!.seq, 'drop');
  await isEmpty(outbox);
  expect(server.heard).toHaveLength(1);
  expect(await store.work(workKey(USER, 1))).toBeUndefined();
});

test('a deleted task is held with its content, and the tasks after it go on', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1);
  await keepWork(store, 2);
  server.answers = [{ status: 404, body: { detail: 'No Task' }, etag: null, retryAfterS: null }];
  await outbox.put(filling(1));
  await outbox.put(filling(2));
  void outbox.run();
  await vi.waitFor(() => expect(outbox.state.unsent).toBe(1));
  expect(outbox.state.held[0]).toMatchObject({ taskId: 1, result, held: { kind: 'gone' } });
});

test('a draft that is gone on the server is made anew', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1, { draftId: 5, draftEtag: '"1"' });
  server.answers = [{ status: 404, body: null, etag: null, retryAfterS: null }];
  await outbox.put(filling(1, { intent: 'draft' }));
  void outbox.run();
  await isEmpty(outbox);
  expect(server.heard.map((request) => `${request.method} ${request.path}`)).toEqual([
    'PATCH api/drafts/5/',
    'POST api/tasks/1/drafts?project=3',
  ]);
});

test('a save in the last moment of the page and its repetition after the reload are one', async () => {
  const name = `outbox-test-${database}`;
  const store = await openWorkStore(name);
  await keepWork(store, 1);
  const before = openOutbox(store);
  before.putAtTheEnd(filling(1, { intent: 'draft' }), (await store.work(workKey(USER, 1)))!);
  await vi.waitFor(async () => expect(await store.entries(USER)).toHaveLength(1));
  const after = openOutbox(await openWorkStore(name));
  void after.run();
  await vi.waitFor(() => expect(server.heard).toHaveLength(2));
  expect(server.heard.map(({ keepalive: _, ...request }) => request)).toEqual([
    expect.objectContaining({ headers: server.heard[0]?.headers }),
    expect.objectContaining({ headers: server.heard[0]?.headers }),
  ]);
  expect(server.annotations.size).toBe(1);
});

test('finished resolves when submits have arrived, whatever drafts still wait', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  const outbox = openOutbox(store);
  await keepWork(store, 1);
  await outbox.put(filling(1));
  await outbox.put(filling(2, { intent: 'draft' }));
  let isFinished = false;
  const waiting = outbox.finished().then(() => (isFinished = true));
  expect(isFinished).toBe(false);
  void outbox.run();
  await waiting;
  expect(server.annotations.size).toBeGreaterThan(0);
});

test('a change that was kept but never put in is found again', async () => {
  const store = await openWorkStore(`outbox-test-${database}`);
  await keepWork(store, 1);
  await keepWork(store, 2, { savedChange: 1 });
  const outbox = openOutbox(store);
  await outbox.recover();
  await outbox.recover();
  expect(await store.entries(USER)).toMatchObject([{ taskId: 1, intent: 'draft', result }]);
});
