/** Which task comes next, before and after: the server's queue, one's own history, and one task fetched ahead. */

import { detailOf, type HttpReply, type HttpRequest } from './http.ts';
import type { WireHistoryItem, WireTask } from './wire.ts';

/** Rejects with NoAnswer; a 401 never comes through, the page signs in first. */
export type Fetch = (request: HttpRequest) => Promise<HttpReply>;

export type Found =
  | { readonly kind: 'task'; readonly task: WireTask; readonly annotationId: number | null }
  /** No task is left for this person. */
  | { readonly kind: 'none' }
  | { readonly kind: 'gone'; readonly taskId: number }
  /** Another opening was asked for before this one was answered. */
  | { readonly kind: 'late' }
  | { readonly kind: 'refused'; readonly status: number; readonly message: string };

export interface QueueParts {
  readonly projectId: number;
  readonly fetch: Fetch;
  /** Resolves once every submit and skip has reached the server: before, it would hand out the same task again. */
  readonly settled: () => Promise<void>;
  /** A task was fetched ahead: its picture may be decoded now. */
  readonly onPrefetch: (task: WireTask) => void;
}

export class TaskQueue {
  readonly #parts: QueueParts;
  /** Tasks gone through, oldest first; the last one may be the queue's current. */
  #trail: WireHistoryItem[] = [];
  #at = -1;
  /** Counts openings; only the newest one moves anything. */
  #turn = 0;
  #ahead: Promise<Found> | null = null;
  #aheadTask: WireTask | null = null;
  /** Tasks that the queue handed out, as against those opened by address. */
  readonly #handedOut = new Set<number>();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  get current(): WireHistoryItem | null {
    return this.#trail[this.#at] ?? null;
  }

  get hasPrevious(): boolean {
    return this.#at > 0 || (this.#at === -1 && this.#trail.length > 0);
  }

  /** True while one looks at something before the newest task. */
  get isBack(): boolean {
    return this.#at >= 0 && this.#at < this.#trail.length - 1;
  }

  /** The place in the trail, from 1. */
  get place(): number {
    return this.#at + 1;
  }

  /** A task that needs no waiting for, if there is one. */
  get ready(): WireTask | null {
    return this.isBack ? null : this.#aheadTask;
  }

  /** One's own earlier tasks. A failure leaves the trail empty: nothing to go back to is no reason to stop. */
  async loadHistory(): Promise<void> {
    const reply = await this.#parts.fetch({ method: 'GET', path: `api/projects/${this.#parts.projectId}/label-stream-history/` });
    if (reply.status !== 200 || !Array.isArray(reply.body)) return;
    const current = this.current;
    const earlier = [...new Map((reply.body as WireHistoryItem[]).map((item) => [item.taskId, item])).values()];
    const known = earlier.findIndex((item) => item.taskId === current?.taskId);
    this.#trail = current && known < 0 ? [...earlier, current] : earlier;
    if (current) this.#at = known < 0 ? earlier.length : known;
  }

  async openNext(): Promise<Found> {
    const turn = ++this.#turn;
    const forward = this.#trail[this.#at + 1];
    if (this.isBack && forward) {
      return this.#go(turn, this.#at + 1, await this.#task(forward.taskId, forward.annotationId));
    }
    const task = this.#aheadTask;
    this.#ahead = null;
    this.#aheadTask = null;
    if (task) return this.#enterLast(turn, { kind: 'task', task, annotationId: null });
    await this.#parts.settled();
    if (turn !== this.#turn) return { kind: 'late' };
    return this.#enterLast(turn, await this.#next(''));
  }

  async openPrevious(): Promise<Found> {
    const turn = ++this.#turn;
    const at = this.#at === -1 ? this.#trail.length - 1 : this.#at - 1;
    const item = this.#trail[at];
    if (!item) return { kind: 'none' };
    return this.#go(turn, at, await this.#task(item.taskId, item.annotationId));
  }

  /** A chosen task, out of turn; it is in this person's hands from then on. */
  async open(taskId: number): Promise<Found> {
    const turn = ++this.#turn;
    const found = await this.#ask({ method: 'POST', path: `api/tasks/${taskId}/open/` }, taskId, null);
    const known = this.#trail.findIndex((item) => item.taskId === taskId);
    return known < 0 ? this.#enterLast(turn, found) : this.#go(turn, known, found);
  }

  /** Fetches the task after the current one, so that it can be shown at once. */
  prefetch(): void {
    if (this.isBack || this.#ahead || !this.current) return;
    const ahead = this.#lookAhead(this.current.taskId).catch((): Found => ({ kind: 'none' }));
    this.#ahead = ahead;
    void ahead.then((found) => {
      if (this.#ahead !== ahead) return;
      if (found.kind !== 'task') this.#ahead = null;
      else {
        this.#aheadTask = found.task;
        this.#parts.onPrefetch(found.task);
      }
    });
  }

  /** The task in the trail was saved as this annotation. */
  saved(taskId: number, annotationId: number): void {
    this.#trail = this.#trail.map((item) => (item.taskId === taskId ? { taskId, annotationId } : item));
  }

  /** The task is no more. */
  forget(taskId: number): void {
    const at = this.#trail.findIndex((item) => item.taskId === taskId);
    if (at < 0) return;
    this.#trail = this.#trail.toSpliced(at, 1);
    if (this.#at >= at) this.#at -= 1;
  }

  /** Tasks that this page holds and has not begun: to be given back when one leaves. */
  heldAhead(): number | null {
    return this.#aheadTask?.id ?? null;
  }

  /** A task opened by its address may or may not be the queue's current one: ask, before peeking behind it. */
  async #lookAhead(currentId: number): Promise<Found> {
    await this.#parts.settled();
    if (!this.#handedOut.has(currentId)) {
      const own = await this.#next('');
      if (own.kind !== 'task' || own.task.id !== currentId) return own;
    }
    const next = await this.#next('?peek=1');
    return next.kind === 'task' && next.task.id === currentId ? { kind: 'none' } : next;
  }

  async #next(query: string): Promise<Found> {
    const reply = await this.#parts.fetch({ method: 'GET', path: `api/projects/${this.#parts.projectId}/next${query}` });
    if (reply.status === 404) return { kind: 'none' };
    if (reply.status !== 200) return refused(reply);
    const task = reply.body as WireTask;
    this.#handedOut.add(task.id);
    return { kind: 'task', task, annotationId: null };
  }

  #task(taskId: number, annotationId: number | null): Promise<Found> {
    return this.#ask({ method: 'GET', path: `api/tasks/${taskId}/` }, taskId, annotationId);
  }

  async #ask(request: HttpRequest, taskId: number, annotationId: number | null): Promise<Found> {
    const reply = await this.#parts.fetch(request);
    if (reply.status === 200) return { kind: 'task', task: reply.body as WireTask, annotationId };
    return reply.status === 404 ? { kind: 'gone', taskId } : refused(reply);
  }

  /** The newest: one that was skipped before and comes again moves to the end. */
  #enterLast(turn: number, found: Found): Found {
    if (turn !== this.#turn) return { kind: 'late' };
    if (found.kind === 'none') this.#at = -1;
    if (found.kind !== 'task') return found;
    const others = this.#trail.filter((item) => item.taskId !== found.task.id);
    this.#trail = [...others, { taskId: found.task.id, annotationId: null }];
    return this.#go(turn, others.length, found);
  }

  #go(turn: number, at: number, found: Found): Found {
    if (turn !== this.#turn) return { kind: 'late' };
    if (found.kind === 'task') this.#at = at;
    return found;
  }
}

function refused(reply: HttpReply): Found {
  return { kind: 'refused', status: reply.status, message: detailOf(reply) };
}
