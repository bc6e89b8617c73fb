/**
 * The outbox: every save goes into the store first and to the server second, in order, until it is acknowledged.
 *
 * One sender runs for each person in a browser, in whichever tab holds the lock; the others only put in.
 * Nothing is taken out but by the server's word or the person's.
 */

import { NoAnswer, type HttpRequest, type Send } from '../http.ts';
import { afterSave, backoffMs, judge, pick, requestFor, supersedes, type Verdict } from './verdict.ts';
import { freshWork, isUnsent, type Entry, type NewEntry, type Work } from './work.ts';
import type { WorkStore } from './work-store.ts';

export interface OutboxState {
  /** Saves that the server has not taken. */
  readonly unsent: number;
  readonly phase: 'resting' | 'sending' | 'offline' | 'failing' | 'signed-out';
  /** What the server said last, while it fails. */
  readonly reason: string | null;
  /** Saves that wait for the person's word. */
  readonly held: readonly Entry[];
}

/** Runs `work` while this page is the only one to hold `name`; resolves when work does. */
export type Lock = (name: string, work: () => Promise<void>, signal: AbortSignal) => Promise<void>;

export interface OutboxParts {
  readonly userId: number;
  readonly store: WorkStore;
  readonly send: Send;
  readonly lock: Lock;
  /** Tells the other tabs that the store has changed, and hears it from them. */
  readonly channel: OutboxChannel;
  readonly now: () => number;
  readonly random: () => number;
  readonly newKey: () => string;
}

export interface OutboxChannel {
  post(message: OutboxMessage): void;
  listen(hear: (message: OutboxMessage) => void): () => void;
}

export type OutboxMessage =
  | { readonly kind: 'changed' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'phase'; readonly phase: OutboxState['phase']; readonly reason: string | null };

export type Filling = Pick<
  Entry,
  'workKey' | 'projectId' | 'taskId' | 'intent' | 'result' | 'leadTimeS' | 'parentPrediction' | 'change'
>;

/** The person's word on a held save. */
export type Decision = 'mine' | 'drop';

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<() => void>();
  #state: OutboxState = { unsent: 0, phase: 'resting', reason: null, held: [] };
  #wake: () => void = () => undefined;
  #isWoken = false;
  #failures = 0;
  #unlisten: () => void = () => undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get state(): OutboxState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Sends what waits, now and from now on. Resolves when stopped. */
  async run(): Promise<void> {
    this.#unlisten = this.#parts.channel.listen((message) => this.#hear(message));
    await this.#recount();
    const { signal } = this.#stopping;
    await this.#parts.lock(`treadle-outbox-${this.#parts.userId}`, () => this.#sendAll(), signal);
  }

  stop(): void {
    this.#stopping.abort();
    this.#unlisten();
    this.wake();
  }

  /** Keeps a save. When this resolves, it outlives the page. */
  async put(filling: Filling): Promise<Entry> {
    const entry = await this.#parts.store.addEntry(this.#newEntry(filling), (old) => supersedes(filling, old));
    await this.#tell();
    return entry;
  }

  /**
   * Keeps a save and sends it in the page's last moment. The sender finds the entry later and says the same
   * under the same key, so nothing is saved twice. `work` as last seen; only for a task without waiting saves.
   */
  putAtTheEnd(filling: Filling, work: Work): void {
    const entry = { ...this.#newEntry(filling), attempts: 1 };
    const request = requestFor({ ...entry, seq: 0 }, work);
    this.#parts.store.addAtOnce({ ...entry, request });
    void this.#parts.send({ ...request, keepalive: true }).catch(() => undefined);
  }

  /** Puts in what was changed and kept here, but never got as far as the outbox: the page crashed before. */
  async recover(): Promise<void> {
    const { store, userId } = this.#parts;
    const waiting = new Set((await store.entries(userId)).map((entry) => entry.workKey));
    for (const work of await store.works(userId)) {
      if (isUnsent(work) && !waiting.has(work.key)) await this.put(draftOf(work));
    }
  }

  /** Try at once what waits: the network is back, or the person pressed "try now". */
  async retryNow(): Promise<void> {
    for (const entry of await this.#parts.store.entries(this.#parts.userId)) {
      if (entry.notBefore > 0) await this.#parts.store.changeEntry(entry.seq, (old) => ({ ...old, notBefore: 0 }));
    }
    this.#failures = 0;
    this.wake();
  }

  signedIn(): void {
    this.#parts.channel.post({ kind: 'signed-in' });
    this.#resume();
  }

  /** mine: send it over what is there. drop: forget it and all that waits behind it. */
  async decide(seq: number, decision: Decision): Promise<void> {
    const { store, userId } = this.#parts;
    const entry = (await store.entries(userId)).find((item) => item.seq === seq);
    if (!entry) return;
    await (decision === 'mine' ? this.#insist(entry) : this.#drop(entry));
    await this.#tell();
  }

  /** Resolves once no submit or skip is on its way; those that wait for the person's word do not count. */
  async finished(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const entries = await this.#parts.store.entries(this.#parts.userId);
      const heldKeys = new Set(entries.filter((entry) => entry.held).map((entry) => entry.workKey));
      if (entries.every((entry) => entry.intent === 'draft' || heldKeys.has(entry.workKey))) return;
      await this.#nextTelling();
    }
  }

  #nextTelling(): Promise<void> {
    return new Promise((resolve) => {
      const off = this.subscribe(() => (off(), resolve()));
    });
  }

  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  #newEntry(filling: Filling): NewEntry {
    const { userId, newKey, now } = this.#parts;
    const untried = { idempotencyKey: newKey(), request: null, attempts: 0, notBefore: 0, held: null };
    return { ...filling, ...untried, userId, createdAt: now() };
  }

  async #sendAll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#isWoken = false;
      const choice = pick(await this.#parts.store.entries(this.#parts.userId), this.#parts.now());
      if (this.#state.phase === 'signed-out' || choice.kind === 'nothing') await this.#sleep(null);
      else if (choice.kind === 'wait') await this.#sleep(choice.ms);
      else await this.#attempt(choice.entry);
    }
  }

  async #sleep(ms: number | null): Promise<void> {
    if (this.#isWoken || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
    this.#wake = () => undefined;
  }

  async #attempt(entry: Entry): Promise<void> {
    const request = entry.request ?? (await this.#freeze(entry));
    if (!request) return; // taken away meanwhile by a newer save
    if (this.#state.phase === 'resting') this.#say('sending');
    const verdict = await this.#ask(request);
    await this.#follow(verdict, { ...entry, request, attempts: entry.attempts + 1 });
    await this.#tell();
  }

  async #freeze(entry: Entry): Promise<HttpRequest | null> {
    const { store } = this.#parts;
    const work = (await store.work(entry.workKey)) ?? freshWork(entry.userId, entry.projectId, entry.taskId, entry.createdAt);
    const frozen = await store.changeEntry(entry.seq, (old) => {
      return { ...old, request: requestFor(old, work), attempts: old.attempts + 1 };
    });
    return frozen?.request ?? null;
  }

  async #ask(request: HttpRequest): Promise<Verdict | NoAnswer> {
    try {
      const verdict = judge(await this.#parts.send(request));
      if (verdict.kind !== 'csrf') return verdict;
      await this.#parts.send({ method: 'GET', path: 'api/session' }); // brings a fresh token
      const again = judge(await this.#parts.send(request));
      return again.kind === 'csrf' ? { kind: 'sign-in' } : again;
    } catch (error) {
      if (error instanceof NoAnswer) return error;
      throw error;
    }
  }

  async #follow(verdict: Verdict | NoAnswer, entry: Entry): Promise<void> {
    const { store } = this.#parts;
    if (verdict instanceof NoAnswer) return this.#postpone(entry, 'offline', null, null);
    if (verdict.kind === 'retry') return this.#postpone(entry, 'failing', verdict.reason, verdict.afterMs);
    this.#failures = 0;
    if (verdict.kind === 'sign-in' || verdict.kind === 'csrf') return this.#say('signed-out');
    if (verdict.kind === 'saved') {
      await store.settle(entry.seq, entry.workKey, (work) => afterSave(work, entry, verdict));
    } else if (verdict.held.kind === 'gone' && isDraftChange(entry.request)) {
      await this.#startDraftAnew(entry);
    } else {
      await store.changeEntry(entry.seq, (old) => ({ ...old, held: verdict.held }));
    }
    this.#say('resting');
  }

  /** No answer stops every save; a failing server only this task's, as it may be about its content. */
  async #postpone(entry: Entry, phase: 'offline' | 'failing', reason: string | null, afterMs: number | null): Promise<void> {
    const { store, now, random } = this.#parts;
    this.#failures += 1;
    const wait = afterMs ?? backoffMs(phase === 'offline' ? this.#failures : entry.attempts, random);
    await store.changeEntry(entry.seq, (old) => ({ ...old, attempts: entry.attempts, notBefore: now() + wait }));
    this.#say(phase, reason);
    if (phase === 'offline') await this.#sleep(wait);
  }

  /** The draft was taken away, by a submit from elsewhere say; the task may well be there. */
  async #startDraftAnew(entry: Entry): Promise<void> {
    const { store } = this.#parts;
    await store.changeWork(entry.workKey, (work) => work && { ...work, draftId: null, draftEtag: null });
    await store.changeEntry(entry.seq, (old) => this.#untried(old));
  }

  #untried(entry: Entry): Entry {
    return { ...entry, idempotencyKey: this.#parts.newKey(), request: null, attempts: 0, notBefore: 0, held: null };
  }

  async #insist(entry: Entry): Promise<void> {
    const { store } = this.#parts;
    if (entry.held?.kind === 'conflict') {
      const { etag } = entry.held;
      await store.changeWork(entry.workKey, (work) => work && withEtag(work, entry.request, etag));
    }
    await store.changeEntry(entry.seq, (old) => this.#untried(old));
  }

  async #drop(entry: Entry): Promise<void> {
    const { store, userId } = this.#parts;
    for (const other of await store.entries(userId)) {
      if (other.workKey === entry.workKey) await store.changeEntry(other.seq, () => undefined);
    }
    const draftId = (await store.work(entry.workKey))?.draftId ?? null;
    await store.changeWork(entry.workKey, () => undefined);
    if (draftId !== null && entry.held?.kind !== 'gone') await this.#forgetDraft(draftId);
  }

  /** What was let go must not come back as a draft. Without a network it does: better that than lost. */
  async #forgetDraft(draftId: number): Promise<void> {
    try {
      await this.#parts.send({ method: 'DELETE', path: `api/drafts/${draftId}/` });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }

  #hear(message: OutboxMessage): void {
    if (message.kind === 'signed-in') this.#resume();
    else if (message.kind === 'phase') this.#set({ phase: message.phase, reason: message.reason });
    else {
      void this.#recount();
      this.wake();
    }
  }

  #resume(): void {
    if (this.#state.phase === 'signed-out') this.#set({ phase: 'resting', reason: null });
    this.wake();
  }

  #say(phase: OutboxState['phase'], reason: string | null = null): void {
    if (phase === this.#state.phase && reason === this.#state.reason) return;
    this.#set({ phase, reason });
    this.#parts.channel.post({ kind: 'phase', phase, reason });
  }

  async #tell(): Promise<void> {
    await this.#recount();
    this.#parts.channel.post({ kind: 'changed' });
    this.wake();
  }

  async #recount(): Promise<void> {
    const entries = await this.#parts.store.entries(this.#parts.userId);
    const hasTrouble = this.#state.phase === 'offline' || this.#state.phase === 'failing';
    const calm = entries.length === 0 && hasTrouble ? ({ phase: 'resting', reason: null } as const) : {};
    this.#set({ unsent: entries.length, held: entries.filter((entry) => entry.held), ...calm });
  }

  #set(part: Partial<OutboxState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of [...this.#listeners]) listener();
  }
}

function draftOf({ key, projectId, taskId, result, leadTimeS, change }: Work): Filling {
  return { workKey: key, projectId, taskId, intent: 'draft', result: result ?? [], leadTimeS, parentPrediction: null, change };
}

function isDraftChange(request: HttpRequest | null): boolean {
  return request !== null && request.method === 'PATCH' && request.path.startsWith('api/drafts/');
}

/** Null drops the condition: the person has seen the other version and chose. */
function withEtag(work: Work, request: HttpRequest | null, etag: string | null): Work {
  return isDraftChange(request) ? { ...work, draftEtag: etag } : { ...work, annotationEtag: etag };
}

