/** Keeps one task's work: in the browser at once, on the server a second after the last change. */

import type { LsResult } from '../../../editor/model/types.ts';
import type { LeadTime } from '../lead-time.ts';
import type { Filling, Outbox } from './outbox.ts';
import { freshWork, isUnsent, type Intent, type Work } from './work.ts';
import type { WorkStore } from './work-store.ts';

export const DRAFT_AFTER_MS = 1000;

export interface AutosaveParts {
  readonly store: WorkStore;
  readonly outbox: Outbox;
  readonly userId: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly parentPrediction: number | null;
  /** What the server and this browser know of the task so far. */
  readonly work: Work;
  readonly leadTime: LeadTime;
  readonly now: () => number;
  readonly results: () => readonly LsResult[];
  /** Proposals that the person has put away so far; they stay away after a reload. */
  readonly dismissed: () => readonly string[];
  /** Tells that a change is on its way, or has arrived in the browser's store. */
  readonly onChange: () => void;
}

export class Autosave {
  readonly #parts: AutosaveParts;
  #work: Work;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #keepTimer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(parts: AutosaveParts) {
    this.#parts = parts;
    this.#work = parts.work;
  }

  /** Changed in this page and not yet handed to the outbox. */
  get isPending(): boolean {
    return this.#draftTimer !== undefined;
  }

  get work(): Work {
    return this.#work;
  }

  /** The regions or answers have changed. */
  touched(): void {
    if (this.#isClosed) return;
    this.#work = { ...this.#work, change: this.#work.change + 1, changedAt: this.#parts.now() };
    this.#keepTimer ??= setTimeout(() => void this.#keep()); // once for all changes of this turn
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => void this.flush(), DRAFT_AFTER_MS);
    this.#parts.onChange();
  }

  /** Hands the last change to the outbox now. */
  async flush(): Promise<void> {
    if (!this.isPending) return;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = undefined;
    await this.#keep();
    await this.#parts.outbox.put(this.#filling('draft'));
    this.#parts.onChange();
  }

  /** The page may be gone in a moment: no waiting. */
  flushAtTheEnd(): void {
    if (!this.isPending) return;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = undefined;
    void this.#keep();
    if (this.#parts.outbox.state.unsent === 0) this.#parts.outbox.putAtTheEnd(this.#filling('draft'), this.#work);
    else void this.#parts.outbox.put(this.#filling('draft'));
  }

  /** Ends the work on the task with a submit or a skip. Resolves once it outlives the page. */
  async finish(intent: Exclude<Intent, 'draft'>): Promise<void> {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = undefined;
    this.#work = { ...this.#work, change: this.#work.change + 1, changedAt: this.#parts.now() };
    const filling = this.#filling(intent);
    this.#isClosed = true;
    await this.#keep(filling.result);
    await this.#parts.outbox.put(filling);
    this.#parts.onChange();
  }

  /** Ids and versions that saves have brought meanwhile. */
  async refresh(): Promise<Work> {
    const stored = await this.#parts.store.work(this.#work.key);
    if (stored) this.#work = { ...this.#work, ...versions(stored), savedChange: stored.savedChange };
    return this.#work;
  }

  /** The version that the server gave for what was opened. A save that was quicker knows better. */
  async learn(which: { readonly annotationEtag: string } | { readonly draftEtag: string }): Promise<void> {
    const blank = (work: Work): Work => {
      if ('annotationEtag' in which) return work.annotationEtag === null ? { ...work, ...which } : work;
      return work.draftEtag === null ? { ...work, ...which } : work;
    };
    this.#work = blank(this.#work);
    await this.#parts.store.changeWork(this.#work.key, (old) => old && blank(old));
  }

  close(): void {
    clearTimeout(this.#draftTimer);
    this.#draftTimer = undefined;
    this.#isClosed = true;
  }

  #filling(intent: Intent): Filling {
    const { projectId, taskId, parentPrediction, leadTime, results } = this.#parts;
    return {
      workKey: this.#work.key,
      projectId,
      taskId,
      intent,
      result: results(),
      leadTimeS: leadTime.seconds(),
      parentPrediction,
      change: this.#work.change,
    };
  }

  /** Writes in order, so that an older state never lands on a newer one. */
  #keep(result = this.#parts.results()): Promise<unknown> {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    const { leadTime, dismissed } = this.#parts;
    const mine = { ...this.#work, result, dismissed: dismissed(), leadTimeS: leadTime.seconds() };
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(mine));
    return this.#writing;
  }

  async #write(mine: Work): Promise<void> {
    const stored = await this.#parts.store.changeWork(mine.key, (old) => {
      return old ? { ...mine, ...versions(old), savedChange: Math.max(old.savedChange, mine.savedChange) } : mine;
    });
    if (stored) this.#work = { ...this.#work, ...versions(stored), savedChange: stored.savedChange };
  }
}

type Versions = Pick<Work, 'annotationId' | 'annotationEtag' | 'draftId' | 'draftEtag'>;

/** The sender writes these; whoever writes content leaves them as they are. */
function versions({ annotationId, annotationEtag, draftId, draftEtag }: Work): Versions {
  return { annotationId, annotationEtag, draftId, draftEtag };
}

/** What the server told of a task. */
export interface ServerSide {
  readonly annotationId: number | null;
  readonly draftId: number | null;
  readonly leadTimeS: number;
}

export interface WorkIds {
  readonly userId: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly now: number;
}

/**
 * The work to go on with. Content that the server lacks wins, with the versions it was made from;
 * else the server's word holds, and versions are learned anew.
 */
export function startWork(kept: Work | undefined, server: ServerSide, ids: WorkIds): Work {
  if (kept && isUnsent(kept)) return kept;
  const fresh = kept ?? freshWork(ids.userId, ids.projectId, ids.taskId, ids.now);
  const { annotationId, draftId, leadTimeS } = server;
  return { ...fresh, annotationId, draftId, leadTimeS, annotationEtag: null, draftEtag: null, result: null };
}
