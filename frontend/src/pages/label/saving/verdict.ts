/** What to send, when to send it, and what an answer means. Pure. */

import { detailOf, type HttpReply, type HttpRequest } from '../http.ts';
import type { WireError } from '../wire.ts';
import type { Entry, Held, Intent, Work } from './work.ts';

export type Verdict =
  | { readonly kind: 'saved'; readonly id: number | null; readonly etag: string | null }
  | { readonly kind: 'retry'; readonly afterMs: number | null; readonly reason: string }
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'csrf' }
  | { readonly kind: 'held'; readonly held: Held };

export function judge(reply: HttpReply): Verdict {
  const { status } = reply;
  const error = (reply.body ?? {}) as WireError;
  if (status >= 200 && status < 300) return { kind: 'saved', id: idOf(reply.body), etag: reply.etag };
  if (status === 401) return { kind: 'sign-in' };
  if (status === 403 && (error.code ?? '').startsWith('csrf')) return { kind: 'csrf' };
  if (status === 409 && error.current) {
    return { kind: 'held', held: { kind: 'conflict', current: error.current, etag: error.etag ?? reply.etag, message: detailOf(reply) } };
  }
  if (status === 404 || status === 410) return { kind: 'held', held: { kind: 'gone', message: detailOf(reply) } };
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    return { kind: 'retry', afterMs: reply.retryAfterS === null ? null : reply.retryAfterS * 1000, reason: detailOf(reply) };
  }
  return { kind: 'held', held: { kind: 'refused', message: detailOf(reply), fields: error.validation_errors ?? {} } };
}

function idOf(body: unknown): number | null {
  const id = (body as { id?: unknown } | null)?.id;
  return typeof id === 'number' ? id : null;
}

/** The request of a save, from what is known of the task's annotation and draft by now. */
export function requestFor(entry: Entry, work: Work): HttpRequest {
  return entry.intent === 'draft' ? draftRequest(entry, work) : annotationRequest(entry, work);
}

function draftRequest(entry: Entry, work: Work): HttpRequest {
  const body = { result: entry.result, lead_time: entry.leadTimeS };
  if (work.draftId !== null) return keyed(entry, 'PATCH', `api/drafts/${work.draftId}/`, body, work.draftEtag);
  if (work.annotationId !== null) {
    return keyed(entry, 'POST', `api/tasks/${entry.taskId}/annotations/${work.annotationId}/drafts`, body, null);
  }
  return keyed(entry, 'POST', `api/tasks/${entry.taskId}/drafts?project=${entry.projectId}`, body, null);
}

function annotationRequest(entry: Entry, work: Work): HttpRequest {
  const body = {
    result: entry.result,
    lead_time: entry.leadTimeS,
    was_cancelled: entry.intent === 'skip',
    ...(work.draftId === null ? {} : { draft_id: work.draftId }),
  };
  if (work.annotationId !== null) {
    return keyed(entry, 'PATCH', `api/annotations/${work.annotationId}/`, body, work.annotationEtag);
  }
  const first = entry.parentPrediction === null ? body : { ...body, parent_prediction: entry.parentPrediction };
  return keyed(entry, 'POST', `api/tasks/${entry.taskId}/annotations/?project=${entry.projectId}`, first, null);
}

function keyed(
  entry: Entry,
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
  etag: string | null,
): HttpRequest {
  const match: Record<string, string> = etag === null ? {} : { 'If-Match': etag };
  return { method, path, body, headers: { 'Idempotency-Key': entry.idempotencyKey, ...match } };
}

/** What the work looks like once the server has taken the entry. */
export function afterSave(work: Work, entry: Entry, saved: { id: number | null; etag: string | null }): Work {
  const savedChange = Math.max(work.savedChange, entry.change);
  if (entry.intent === 'draft') {
    return { ...work, savedChange, draftId: saved.id ?? work.draftId, draftEtag: saved.etag };
  }
  return {
    ...work,
    savedChange,
    annotationId: saved.id ?? work.annotationId,
    annotationEtag: saved.etag,
    draftId: null, // the server takes the draft away with the submit
    draftEtag: null,
    result: work.change > entry.change ? work.result : null,
  };
}

/** 1 s, 2 s, 4 s … 60 s, each with up to half of it taken off, so that many browsers do not come at once. */
export function backoffMs(attempt: number, random: () => number): number {
  const whole = Math.min(1000 * 2 ** Math.max(0, attempt - 1), 60_000);
  return Math.round(whole * (1 - random() / 2));
}

export type Pick =
  | { readonly kind: 'send'; readonly entry: Entry }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'nothing' };

/** The first entry that may go now. Saves of one task keep their order; a held one holds only its own task. */
export function pick(entries: readonly Entry[], now: number): Pick {
  const blocked = new Set<string>();
  let soonest = Infinity;
  for (const entry of entries) {
    if (blocked.has(entry.workKey)) continue;
    blocked.add(entry.workKey);
    if (entry.held) continue;
    if (entry.notBefore <= now) return { kind: 'send', entry };
    soonest = Math.min(soonest, entry.notBefore);
  }
  return soonest === Infinity ? { kind: 'nothing' } : { kind: 'wait', ms: soonest - now };
}

/**
 * Whether a new save of the same task makes an old one needless. Not one that was tried without an answer:
 * the server may have taken it, and its key must be settled first. Not a submit that still waits, unless by a newer one.
 */
export function supersedes(next: { readonly workKey: string; readonly intent: Intent }, old: Entry): boolean {
  if (old.workKey !== next.workKey) return false;
  if (old.held?.kind === 'refused') return true;
  if (old.held || old.attempts > 0) return false;
  return old.intent === 'draft' || next.intent !== 'draft';
}
