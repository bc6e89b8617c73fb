import { expect, test } from 'vitest';
import type { TaskRow } from '../../api/types';
import { statusOf } from './task-kind';

const AT = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00Z`;
const task = (over: object): TaskRow => ({ is_labeled: true, total_annotations: 1, ...over }) as TaskRow;
const words = (over: object): string => statusOf(task(over)).text;

test('labels on a file that changed are to be checked, in a list and of a task alone', () => {
  expect(words({ source_state: 'changed' })).toBe('Check again');
  expect(words({ source_state: 'changed', is_labeled: false, total_annotations: 0 })).toBe('File changed');
  const saved = (minute: number, cancelled = false) => ({ source_change: { at: AT(30) }, annotations: [{ updated_at: AT(minute), was_cancelled: cancelled }, { updated_at: AT(40), was_cancelled: false }] });
  expect(words(saved(20))).toBe('Check again');
  expect(words(saved(35))).toBe('Labelled');
  expect(words(saved(20, true))).toBe('Labelled');
});
