import { get, post } from '../../../api/client.ts';
import type { Person, TaskResult, Time } from '../../../api/types.ts';
import { plural, t } from '../../../i18n/words.ts';

/** One version of an annotation. Counts of regions are against the version before it. */
export interface Version {
  version: number;
  is_current: boolean;
  action: string | null;
  made_by: Person | null;
  made_at: Time;
  result_count: number;
  was_cancelled: boolean;
  ground_truth: boolean;
  lead_time: number | null;
  added: number;
  removed: number;
  changed: number;
}

export interface WholeVersion extends Version {
  result: TaskResult[];
}

const place = (annotation: number): string => `api/annotations/${annotation}`;

/** Newest first. */
export const versionsOf = (annotation: number, signal?: AbortSignal) => get<Version[]>(`${place(annotation)}/history/`, {}, signal);
export const versionOf = (annotation: number, version: number, signal?: AbortSignal) => get<WholeVersion>(`${place(annotation)}/history/${version}/`, {}, signal);
/** Makes an old version the newest one; those between stay in the history. */
export const restoreVersion = (annotation: number, version: number) => post<unknown>(`${place(annotation)}/restore/`, { version });

const ACTS: Record<string, string> = {
  submitted: t('Submitted'), updated: t('Changed'), skipped: t('Skipped'), restored: t('Brought back'), imported: t('Imported'), accepted: t('Accepted from a prediction'), prediction: t('Accepted from a prediction'), propagated_annotation: t('Copied'), fixed_and_accepted: t('Mended and accepted'),
};

/** What somebody did that made a version, in a word or two. */
export function actOf({ action, was_cancelled: isSkip, version }: Version): string {
  if (isSkip) return t('Skipped');
  const words = ACTS[action ?? ''] ?? (version === 1 ? t('Submitted') : t('Changed'));
  return version === 1 && words === ACTS['updated'] ? t('Submitted') : words;
}

/** "2 added, 1 changed": what became of the regions and answers since the version before. */
export function changesOf({ version, added, removed, changed, result_count: count }: Version): string {
  if (version === 1) return count === 0 ? t('nothing marked') : plural(count, '{n} region or answer', '{n} regions and answers');
  const parts = [added > 0 && plural(added, '{n} added', '{n} added'), changed > 0 && plural(changed, '{n} changed', '{n} changed'), removed > 0 && plural(removed, '{n} removed', '{n} removed')].filter(Boolean);
  return parts.join(', ') || t('nothing changed in what is marked');
}
