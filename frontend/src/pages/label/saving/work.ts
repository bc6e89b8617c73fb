/** What the browser keeps: the work on a task, and the outbox of saves that wait for the server. */

import type { LsResult } from '../../../editor/model/types.ts';
import type { HttpRequest } from '../http.ts';

/** A person's work on one task. Stays until the server has it, and a week longer without its content. */
export interface Work {
  readonly key: string;
  readonly userId: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly annotationId: number | null;
  readonly annotationEtag: string | null;
  readonly draftId: number | null;
  readonly draftEtag: string | null;
  /** The regions and answers as last seen; null once the server has the submitted ones. */
  readonly result: readonly LsResult[] | null;
  /** Predictions that the person has put away. */
  readonly dismissed: readonly string[];
  /** Counts the changes; the server has everything up to savedChange. */
  readonly change: number;
  readonly savedChange: number;
  readonly leadTimeS: number;
  readonly changedAt: number;
}

export type Intent = 'draft' | 'submit' | 'skip';

export type Held =
  /** Somebody else changed it meanwhile: mine or theirs? */
  | { readonly kind: 'conflict'; readonly current: unknown; readonly etag: string | null; readonly message: string }
  /** The task, or the annotation, was deleted. */
  | { readonly kind: 'gone'; readonly message: string }
  /** The server will not take it as it stands. */
  | { readonly kind: 'refused'; readonly message: string; readonly fields: Readonly<Record<string, readonly string[]>> };

/** One save that waits for the server. */
export interface Entry {
  readonly seq: number;
  readonly workKey: string;
  readonly userId: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly intent: Intent;
  readonly result: readonly LsResult[];
  readonly leadTimeS: number;
  readonly parentPrediction: number | null;
  /** Work.change that it holds. */
  readonly change: number;
  readonly idempotencyKey: string;
  /** Frozen by the first try, since a retry must say the same under the same key. */
  readonly request: HttpRequest | null;
  readonly attempts: number;
  /** Not to be tried before (ms since the epoch). */
  readonly notBefore: number;
  readonly held: Held | null;
  readonly createdAt: number;
}

export type NewEntry = Omit<Entry, 'seq'>;

export function workKey(userId: number, taskId: number): string {
  return `${userId}:${taskId}`;
}

export function freshWork(userId: number, projectId: number, taskId: number, now: number): Work {
  return {
    key: workKey(userId, taskId),
    userId,
    projectId,
    taskId,
    annotationId: null,
    annotationEtag: null,
    draftId: null,
    draftEtag: null,
    result: null,
    dismissed: [],
    change: 0,
    savedChange: 0,
    leadTimeS: 0,
    changedAt: now,
  };
}

/** Content that the server has not acknowledged. */
export function isUnsent(work: Work): boolean {
  return work.result !== null && work.change > work.savedChange;
}

export const KEEP_WORK_MS = 7 * 24 * 3600 * 1000;

/** Nothing in it that the server lacks, and older than a week. */
export function isStale(work: Work, now: number): boolean {
  return !isUnsent(work) && now - work.changedAt > KEEP_WORK_MS;
}
