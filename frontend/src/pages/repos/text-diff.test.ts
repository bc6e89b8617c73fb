import { expect, test } from 'vitest';
import fc from '../../test-examples';
import { diffLines, hunksOf } from './text-diff';

const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.map((line) => `${line}\n`).join(''));

test('both texts can be read out of their difference, with true numbers of lines', () => {
  fc.assert(fc.property(text, text, (before, after) => {
    const lines = diffLines(before, after);
    const side = (kind: 'removed' | 'added', number: 'old' | 'new') => lines.filter((line) => line.kind === 'same' || line.kind === kind).map((line, at) => {
      expect(line[number]).toBe(at + 1);
      return `${line.text}\n`;
    }).join('');
    expect(side('removed', 'old')).toBe(before);
    expect(side('added', 'new')).toBe(after);
  }));
});

test('one changed line of many shows as one hunk with its neighbours', () => {
  const before = Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n');
  const hunks = hunksOf(diffLines(before, before.replace('line 50', 'other')));
  expect(hunks).toHaveLength(1);
  expect(hunks[0]?.skipped).toBe(47);
  expect(hunks[0]?.lines.map(({ kind }) => kind)).toEqual(['same', 'same', 'same', 'removed', 'added', 'same', 'same', 'same']);
});

test('equal texts have no hunk', () => expect(hunksOf(diffLines('a\nb', 'a\nb\n'))).toEqual([]));
