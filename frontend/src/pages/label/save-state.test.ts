import { expect, test } from 'vitest';
import { saveState } from './save-state.ts';
import type { OutboxState } from './saving/outbox.ts';
import type { Entry, Held } from './saving/work.ts';

const resting: OutboxState = { unsent: 0, phase: 'resting', reason: null, held: [] };
const held = (item: Held): Entry => ({ held: item }) as Entry;

test.each<[string, Partial<OutboxState>, boolean]>([
  ['Saved', {}, false],
  ['Saving', {}, true],
  ['Saving', { unsent: 1, phase: 'sending' }, false],
  ['Kept here until the network is back', { unsent: 2, phase: 'offline' }, false],
  ['Kept here until the server answers', { unsent: 1, phase: 'failing', reason: 'busy' }, false],
  ['Sign in to save', { unsent: 1, phase: 'signed-out' }, false],
  ['Conflict', { unsent: 1, held: [held({ kind: 'conflict', current: {}, etag: null, message: '' })] }, false],
  ['Not saved', { unsent: 1, held: [held({ kind: 'gone', message: '' })] }, false],
])('it says “%s”', (text, outbox, isPending) => {
  expect(saveState({ ...resting, ...outbox }, isPending, true).text).toBe(text);
});

test('where the browser keeps nothing it does not say that one may close the page', () => {
  expect(saveState({ ...resting, unsent: 1, phase: 'offline' }, false, false).tip).toContain('do not close');
});
