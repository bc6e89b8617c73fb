import { describe, expect, test } from 'vitest';
import fc from '../../test-examples';
import { barHeight, barTopFor, listHeight, listTopAfter, MAX_HEIGHT_PX, type RowWindow, topShowing, visibleRows } from './row-window';

const windows = fc.record({ rows: fc.integer({ min: 1, max: 5_000_000 }), rowHeight: fc.constant(52), viewHeight: fc.integer({ min: 100, max: 2000 }) });
const short: RowWindow = { rows: 100, rowHeight: 50, viewHeight: 500 };
const long: RowWindow = { rows: 2_000_000, rowHeight: 52, viewHeight: 800 };

describe('a list that fits the browser', () => {
  test('scrolls as any element does', () => {
    expect(barHeight(short)).toBe(5000);
    expect(listTopAfter(short, 0, 0, 1234)).toBe(1234);
  });
});

describe('a list of millions of rows', () => {
  test('never makes an element that the browser would cut off', () => {
    expect(barHeight(long)).toBe(MAX_HEIGHT_PX);
    expect(listHeight(long)).toBe(104_000_000);
  });

  test('moves by the pixel under a wheel and in proportion under the thumb', () => {
    expect(listTopAfter(long, 5000, 400, 500)).toBe(5100);
    const half = (MAX_HEIGHT_PX - 800) / 2;
    expect(listTopAfter(long, 5000, 400, half)).toBeCloseTo((listHeight(long) - 800) / 2);
  });

  test('reaches its very first and last row at the ends of the bar', () => {
    fc.assert(fc.property(windows, fc.nat(), (window, seed) => {
      const start = seed % Math.max(1, listHeight(window));
      expect(listTopAfter(window, start, 100, 0)).toBe(0);
      const end = listTopAfter(window, start, 0, barHeight(window) - window.viewHeight);
      if (listHeight(window) > window.viewHeight) expect(visibleRows(window, end)[1]).toBe(window.rows);
    }));
  });

  test('puts the bar where a jump to that place would land', () => {
    fc.assert(fc.property(windows, fc.double({ min: 0, max: 1, noNaN: true }), (window, share) => {
      const top = share * Math.max(0, listHeight(window) - window.viewHeight);
      const bar = barTopFor(window, top);
      expect(bar).toBeGreaterThanOrEqual(0);
      expect(bar).toBeLessThanOrEqual(Math.max(0, barHeight(window) - window.viewHeight) + 1e-6);
    }));
  });
});

test('only rows in sight, and a few to spare, are drawn', () => {
  fc.assert(fc.property(windows, fc.double({ min: 0, max: 1, noNaN: true }), (window, share) => {
    const [from, to] = visibleRows(window, share * listHeight(window));
    expect(to - from).toBeLessThanOrEqual(Math.ceil(window.viewHeight / window.rowHeight) + 13);
  }));
});

test('showing a row moves the list no more than it must', () => {
  expect(topShowing(short, 0, 3)).toBe(0);
  expect(topShowing(short, 0, 20)).toBe(550);
  expect(topShowing(short, 2000, 10)).toBe(500);
});
