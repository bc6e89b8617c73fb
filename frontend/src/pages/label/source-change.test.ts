import { expect, test } from 'vitest';
import type { Content } from './contents.ts';
import type { Opening } from './opening.ts';
import { changedSince, wordsOfChange } from './source-change.ts';
import type { WireTask } from './wire.ts';

const BASE = 'http://host/prefix/';
const AT = (minute: number): string => `2026-11-21T10:${String(minute).padStart(2, '0')}:00.000000Z`;
const task: WireTask = {
  id: 1, data: {},
  source_change: { at: AT(30), address: '/api/storages/items/4/cat.jpg', commit: 'c3', versions: [{ at: AT(30), commit: 'c3' }, { at: AT(20), commit: 'c2' }, { at: AT(1), commit: 'c1' }] },
};
const picture = { kind: 'image', object: { name: 'img' }, url: `${BASE}api/storages/items/4/cat.jpg`, size: { width: 1, height: 1 } } as Content;
const opening = (part: Partial<Opening>): Opening => ({ results: [], predictions: [], modelVersion: null, parentPrediction: null, annotation: null, draft: null, wasSkipped: false, isRestored: false, leadTimeS: 0, ...part });
const labelled = (minute: number): Opening => opening({ annotation: { id: 9, result: [], updated_at: AT(minute) } });

test('labels from before the change name the picture that they were made on', () => {
  expect(changedSince(task, labelled(25), [picture], BASE)).toMatchObject({ object: 'img', then: `${BASE}api/storages/items/4/cat.jpg?at=${encodeURIComponent(AT(25))}`, madeAt: AT(25) });
});

test('labels that were saved since are confirmed, and so are those on a picture that came back', () => {
  expect(changedSince(task, labelled(31), [picture], BASE)).toBeNull();
  const back = { ...task, source_change: { ...task.source_change!, commit: 'c1', versions: [{ at: AT(20), commit: 'c2' }, { at: AT(1), commit: 'c1' }] } };
  expect(changedSince(back, labelled(10), [picture], BASE)).toBeNull();
  expect(changedSince(back, labelled(25), [picture], BASE)?.then).not.toBeNull();
});

test('a draft does not confirm what it changes, a place without commits keeps no old picture', () => {
  const drafted = { ...labelled(10), draft: { id: 2, result: [], updated_at: AT(40) } };
  expect(changedSince(task, drafted, [picture], BASE)).not.toBeNull();
  const bucket = { ...task, source_change: { at: AT(30), address: '/api/storages/items/4/cat.jpg', commit: null, versions: [] } };
  expect(changedSince(bucket, labelled(10), [picture], BASE)).toMatchObject({ object: 'img', then: null });
});

test('what a list of tasks changed, and suggestions, are told by their own words', () => {
  const words = (open: Opening, contents: Content[]): string => wordsOfChange(changedSince(task, open, contents, BASE)!, true);
  expect(words(labelled(10), [])).toMatch(/^What this task shows changed since it was labelled/);
  const predicted = { ...task, predictions: [{ id: 3, result: [], created_at: AT(5) }] };
  const guess = changedSince(predicted, opening({ predictions: [{ result: [] }] }), [picture], BASE)!;
  expect(wordsOfChange(guess, false)).toMatch(/since the suggestions were made/);
  expect(changedSince(task, opening({}), [picture], BASE)).toBeNull();
});
