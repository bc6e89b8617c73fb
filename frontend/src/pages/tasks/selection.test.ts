import { expect, test } from 'vitest';
import { countSelected, EVERYTHING, isSelected, NOTHING, toChosen, toggled, withTasks } from './selection';

test('selecting all and letting two go leaves the rest', () => {
  const selection = toggled(toggled(EVERYTHING, 4), 9);
  expect(isSelected(selection, 4)).toBe(false);
  expect(isSelected(selection, 5)).toBe(true);
  expect(countSelected(selection, 100)).toBe(98);
  expect(toChosen(selection)).toEqual({ all: true, excluded: [4, 9] });
});

test('a stretch of rows joins what is selected', () => {
  const selection = withTasks(toggled(NOTHING, 1), [3, 4, 5], true);
  expect(toChosen(selection)).toEqual({ all: false, included: [1, 3, 4, 5] });
  expect(countSelected(selection, 100)).toBe(4);
});

test('toggling twice changes nothing', () => {
  expect(toggled(toggled(NOTHING, 7), 7)).toEqual(NOTHING);
});
