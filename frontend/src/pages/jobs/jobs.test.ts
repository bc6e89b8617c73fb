import { describe, expect, test } from 'vitest';
import { secondsLeft, watched, type Sample } from './rate';
import { duration, nameOfKind, sentenceOfResult, whatIsLeft } from './words';

describe('the time that a job still takes', () => {
  const samples = (...done: number[]): Sample[] => done.map((each, second) => ({ at: second * 1000, done: each }));

  test('follows its pace', () => {
    expect(secondsLeft(samples(0, 10, 20, 30, 40), 100)).toBe(6);
  });

  test('is not told before it can be known', () => {
    expect(secondsLeft(samples(0, 10), 100)).toBeUndefined();
    expect(secondsLeft(samples(5, 5, 5, 5), 100)).toBeUndefined();
    expect(secondsLeft(samples(0, 10, 20, 30), null)).toBeUndefined();
  });

  test('forgets a faster past, and a run that was begun anew', () => {
    expect(watched([{ at: 0, done: 0 }, { at: 39_000, done: 900 }], { at: 40_000, done: 901 })).toHaveLength(2);
    expect(watched(samples(0, 50), { at: 2000, done: 3 })).toEqual([{ at: 2000, done: 3 }]);
  });
});

test('jobs are told in words', () => {
  expect(nameOfKind('index-field')).toBe('Index of a data field');
  expect(nameOfKind('some_new-kind')).toBe('Some new kind');
  expect([duration(0.2), duration(42), duration(600), duration(9000)]).toEqual(['under 1 s', '42 s', '10 min', '2.5 h']);
  expect(sentenceOfResult({ task_count: 2, annotation_count: 1, prediction_count: 0 })).toBe('2 tasks, 1 annotation');
  expect(sentenceOfResult({ storage: 1, new: 3, changed: 0, retired: 1, problems: [] })).toBe('3 new, 1 retired');
  expect(sentenceOfResult({ new: 0, changed: 0, retired: 0 })).toBe('nothing changed');
  expect(sentenceOfResult({ problems: [], problem_count: 0 })).toBe('every file is whole');
  expect(sentenceOfResult({ commits_dropped: 0, bytes_freed: 12_000_000 })).toBe('12.0 MB freed');
});

test('what is left of a job that was stopped depends on its kind', () => {
  expect(whatIsLeft('assign')).toContain('stays');
  expect(whatIsLeft('import')).toContain('undone');
});
