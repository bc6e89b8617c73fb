/** The one sentence about saving that the header shows. Pure. */

import type { OutboxState } from './saving/outbox.ts';

export interface SaveState {
  readonly kind: 'saved' | 'saving' | 'kept' | 'conflict' | 'stuck' | 'signed-out';
  readonly text: string;
  readonly tip: string;
}

export function saveState(outbox: OutboxState, isPending: boolean, isLasting: boolean): SaveState {
  const waiting = outbox.unsent === 1 ? '1 save waits' : `${outbox.unsent} saves wait`;
  if (outbox.held.some((entry) => entry.held?.kind === 'conflict')) {
    return { kind: 'conflict', text: 'Conflict', tip: 'This was changed elsewhere too. Choose which version to keep.' };
  }
  if (outbox.held.length > 0) {
    return { kind: 'stuck', text: 'Not saved', tip: 'The server did not take a save. See what it said.' };
  }
  if (outbox.phase === 'signed-out') {
    return { kind: 'signed-out', text: 'Sign in to save', tip: `${waiting} here until you have signed in again.` };
  }
  if (outbox.phase === 'offline' && outbox.unsent > 0) {
    return { kind: 'kept', text: 'Kept here until the network is back', tip: keptTip(waiting, isLasting) };
  }
  if (outbox.phase === 'failing' && outbox.unsent > 0) {
    return { kind: 'kept', text: 'Kept here until the server answers', tip: `${waiting}. ${outbox.reason ?? ''}`.trim() };
  }
  if (isPending || outbox.unsent > 0) return { kind: 'saving', text: 'Saving', tip: 'On its way to the server.' };
  return { kind: 'saved', text: 'Saved', tip: 'Every change is kept here and on the server.' };
}

function keptTip(waiting: string, isLasting: boolean): string {
  return isLasting
    ? `${waiting} in this browser and will be sent by themselves. You may go on, or close the page.`
    : `${waiting}, but this browser keeps nothing: do not close the page.`;
}
