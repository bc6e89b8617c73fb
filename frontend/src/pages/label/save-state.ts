/** The one sentence about saving that the header shows. Pure. */

import { plural, t } from '../../i18n/words.ts';
import type { OutboxState } from './saving/outbox.ts';

export interface SaveState {
  readonly kind: 'saved' | 'saving' | 'kept' | 'conflict' | 'stuck' | 'signed-out';
  readonly text: string;
  readonly tip: string;
}

export function saveState(outbox: OutboxState, isPending: boolean, isLasting: boolean): SaveState {
    if (outbox.held.some((entry) => entry.held?.kind === 'conflict')) {
    return { kind: 'conflict', text: t('Conflict'), tip: t('This was changed elsewhere too. Choose which version to keep.') };
  }
  if (outbox.held.length > 0) {
    return { kind: 'stuck', text: t('Not saved'), tip: t('The server did not take a save. See what it said.') };
  }
  if (outbox.phase === 'signed-out') {
    return { kind: 'signed-out', text: t('Sign in to save'), tip: plural(outbox.unsent, '{n} save waits here until you have signed in again.', '{n} saves wait here until you have signed in again.') };
  }
  if (outbox.phase === 'offline' && outbox.unsent > 0) {
    return { kind: 'kept', text: t('Kept here until the network is back'), tip: keptTip(outbox.unsent, isLasting) };
  }
  if (outbox.phase === 'failing' && outbox.unsent > 0) {
    return { kind: 'kept', text: t('Kept here until the server answers'), tip: `${plural(outbox.unsent, '{n} save waits.', '{n} saves wait.')} ${outbox.reason ?? ''}`.trim() };
  }
  if (isPending || outbox.unsent > 0) return { kind: 'saving', text: t('Saving'), tip: t('On its way to the server.') };
  return { kind: 'saved', text: t('Saved'), tip: t('Every change is kept here and on the server.') };
}

function keptTip(unsent: number, isLasting: boolean): string {
  return isLasting
    ? plural(unsent, '{n} save waits in this browser and will be sent by itself. You may go on, or close the page.', '{n} saves wait in this browser and will be sent by themselves. You may go on, or close the page.')
    : plural(unsent, '{n} save waits, but this browser keeps nothing: do not close the page.', '{n} saves wait, but this browser keeps nothing: do not close the page.');
}
