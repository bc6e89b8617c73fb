import { expect, test } from 'vitest';
import fc from '../test-examples';
import { linearScale, logScale, niceTicks, shortNumber, spanOf } from './scale';
import { smoothed } from './smooth';
import { nearest, union } from './sorted';
import { lineStyle } from './line-style';
import { writeFigure } from './figure';

const spans = fc.tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-3, max: 1e6, noNaN: true })).map(([low, width]) => [low, low + width] as const);

test('the marks of an axis are round, rise, and lie within it', () => {
  fc.assert(fc.property(spans, fc.integer({ min: 2, max: 12 }), ([low, high], count) => {
    const ticks = niceTicks(low, high, count);
    expect(ticks.length).toBeLessThanOrEqual(count + 2);
    const slack = (high - low) * 1e-6; // what no eye can tell from the axis's end
    expect(ticks.every((tick, index) => tick >= low - slack && tick <= high + slack && (index === 0 || tick > (ticks[index - 1] as number)))).toBe(true);
  }));
  expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
});

test('a place leads back to its value, on both kinds of axis', () => {
  const [linear, log] = [linearScale([0, 50], [10, 110], 5), logScale([0.01, 100], [200, 0], 5)];
  expect(linear.value(linear.place(20))).toBeCloseTo(20);
  expect(log.value(log.place(3))).toBeCloseTo(3);
  expect(log.place(1)).toBeCloseTo(100);
  expect(log.place(0)).toBeNaN();
});

test('what is not a number, or not above nought on a logarithmic axis, widens no axis', () => {
  expect(spanOf([1, Number.NaN, Infinity, 2], false)).toEqual([0.96, 2.04]);
  expect(spanOf([-5, 0, 1, 10], true)).toEqual([1 / 1.1, 11]);
  expect(spanOf([Number.NaN], false)).toBeUndefined();
});

test('marks are written with as many digits as tell them apart', () => {
  expect([shortNumber(0.25, 0.25), shortNumber(0.2, 0.1), shortNumber(1500, 500), shortNumber(2e6, 1e6)]).toEqual(['0.25', '0.2', '1,500', '2e6']);
});

test('smoothing starts at the first value, keeps gaps, and changes nothing of what does not move', () => {
  expect(smoothed([4, 4, 4], 0.9)).toEqual([4, 4, 4]);
  const [first, gap, last] = smoothed([1, Number.NaN, 3], 0.5);
  expect(first).toBe(1);
  expect(gap).toBeNaN();
  expect(last).toBeCloseTo(7 / 3);
});

test('the nearest place is found, and rows of places become one', () => {
  expect([nearest([0, 10, 20], 14), nearest([0, 10, 20], 99), nearest([], 1)]).toEqual([1, 2, -1]);
  expect(union([[1, 3], [2, 3]])).toEqual([1, 2, 3]);
});

test('48 runs have lines of their own', () => {
  const styles = Array.from({ length: 48 }, (_, index) => { const { token, dash } = lineStyle(index); return `${token} ${dash.join()}`; });
  expect(new Set(styles).size).toBe(48);
});

test('values of metrics are written as they are, also those that JSON has no number for', () => {
  expect(['NaN', 'Infinity', 0.123456, 12, 1.5e-7, null].map((each) => writeFigure(each as never))).toEqual(['NaN', '∞', '0.12346', '12', '1.5e-7', '–']);
});
