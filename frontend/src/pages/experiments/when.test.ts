import { expect, test } from 'vitest';
import { isoOf, lasted } from './when';

test('how long a run took is said in the two largest units', () => {
  expect([lasted(1000, 5200), lasted(1000, 46_000), lasted(1000, 726_000), lasted(1000, 7_201_000), lasted(1000, 86_401_000 + 3_600_000)]).toEqual(['4.2 s', '45 s', '12 min 5 s', '2 h', '1 d 1 h']);
  expect(lasted(undefined, undefined)).toBe('–');
  expect(lasted('1000', null, 11_000)).toBe('10 s');
});

test('times come as numbers or as their digits', () => {
  expect(isoOf('1700000000000')).toBe('2023-11-14T22:13:20.000Z');
  expect(isoOf(0)).toBeUndefined();
});
