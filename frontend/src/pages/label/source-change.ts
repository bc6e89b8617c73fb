/** Whether what a task shows is still what its labels were made on. Pure. */

import { t } from '../../i18n/words.ts';
import { mediaAddress } from './address.ts';
import type { Content } from './contents.ts';
import type { Opening } from './opening.ts';
import type { WireTask } from './wire.ts';

export interface ChangedSince {
  /** The object that shows the file; null where the file held the task itself. */
  readonly object: string | null;
  /** Address of the picture as it was; null where it is not kept. */
  readonly then: string | null;
  /** When what is open was made, and when the file changed after that. */
  readonly madeAt: string;
  readonly changedAt: string;
  /** Whether the labels are a model's that nobody has looked at. */
  readonly isPredicted: boolean;
}

/** What changed since the labels at hand were made; null where they were made on what is shown. */
export function changedSince(task: WireTask, opening: Opening, contents: readonly Content[], base: string): ChangedSince | null {
  const change = task.source_change;
  const made = opening.annotation?.updated_at ?? opening.draft?.updated_at;
  const madeAt = made ?? (opening.predictions.length > 0 ? task.predictions?.at(-1)?.created_at : undefined);
  if (!change || !madeAt || Date.parse(madeAt) >= Date.parse(change.at)) return null;
  const version = change.versions.find(({ at }) => Date.parse(at) <= Date.parse(madeAt));
  if (version && version.commit === change.commit) return null; // it was changed, and changed back
  const url = mediaAddress(change.address, base);
  const shown = contents.find((content) => content.kind !== 'text' && content.url === url);
  return {
    object: shown?.object.name ?? null,
    then: shown?.kind === 'image' && version ? `${url}?at=${encodeURIComponent(madeAt)}` : null,
    madeAt,
    changedAt: change.at,
    isPredicted: made === undefined,
  };
}

/** What happened and what to do, in plain words. */
export function wordsOfChange({ object, isPredicted }: ChangedSince, isUpdate: boolean): string {
  const isPicture = object !== null;
  if (isPredicted) {
    return isPicture
      ? t('This picture changed since the suggestions were made. They may not fit any more: check each before you accept it.')
      : t('What this task shows changed since the suggestions were made. They may not fit any more: check each before you accept it.');
  }
  const act = isUpdate ? t('Update') : t('Submit');
  return isPicture
    ? t('This picture changed since it was labelled. Check the labels, then press {act} to confirm them.', { act })
    : t('What this task shows changed since it was labelled. Check the labels, then press {act} to confirm them.', { act });
}
