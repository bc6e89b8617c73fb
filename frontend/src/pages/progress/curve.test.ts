import { expect, test } from 'vitest';
import fc from '../../test-examples';
import { forecastSentence } from './forecast';
import { curveOf, dateOf, dayNumber, dayTicks, roundTop } from './curve';

const day = (date: string, submitted: number) => ({ date, submitted, skipped: 0 });

test('days without work are days too, and the line adds up', () => {
  const { days, forecast } = curveOf({ days: [day('2026-11-01', 3), day('2026-11-04', 2)], today: '2026-11-05', target: 10, doneOn: null });
  expect(days.map((each) => each.sum)).toEqual([3, 3, 3, 5, 5]);
  expect(forecast).toBeNull();
});

test('what no day added stands under the line from the first day of the project, so that it ends at what is finished', () => {
  const { base, days, top } = curveOf({ days: [day('2026-11-04', 1)], today: '2026-11-05', since: '2026-11-03', finished: 3, target: 3, doneOn: null });
  expect([base, top]).toEqual([2, 3]);
  expect(days.map((each) => each.sum)).toEqual([2, 3, 3]);
  expect(curveOf({ days: [day('2026-11-04', 5)], today: '2026-11-05', finished: 3, target: 3, doneOn: null }).base).toBe(0);
});

test('the forecast ends at the target on its day', () => {
  const { forecast, lastDay } = curveOf({ days: [day('2026-11-01', 5)], today: '2026-11-05', target: 10, doneOn: '2026-11-09' });
  expect(forecast).toMatchObject({ fromSum: 5, toSum: 10 });
  expect(dateOf(lastDay)).toBe('2026-11-09');
});

test('a forecast of years is drawn only as far as the page can show beside the past', () => {
  const { forecast, days } = curveOf({ days: [day('2026-11-01', 5)], today: '2026-11-05', target: 10_000, doneOn: '2031-01-01' });
  expect((forecast?.toDay ?? 0) - dayNumber('2026-11-05')).toBeLessThanOrEqual(20);
  expect(forecast?.toSum).toBeLessThan(500);
  expect(days).toHaveLength(5);
});

test('what is done needs no forecast', () => {
  expect(curveOf({ days: [day('2026-11-01', 12)], today: '2026-11-02', target: 10, doneOn: '2026-11-02' }).forecast).toBeNull();
});

test('an axis holds its value, and its ticks lie within it', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 10 ** 9 }), (value) => { expect(roundTop(value)).toBeGreaterThanOrEqual(value * 0.999999); }));
  fc.assert(fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 2, max: 12 }), (from, length, most) => {
    const ticks = dayTicks(from, from + length, most);
    expect(ticks.length).toBeLessThanOrEqual(most);
    expect(ticks.at(-1)).toBe(from + length);
  }));
});

test('the forecast is told in words, with what it rests on', () => {
  const told = (forecast: Parameters<typeof forecastSentence>[0]['forecast'], finished = 40) => forecastSentence({ tasks: { total: 100, finished, started: 0, skipped: 0 }, forecast, today: '2026-11-21' });
  expect(told({ per_day: 12.4, based_on_days: 5, done_on: '2026-11-26' })).toBe('60 tasks to go. At 12 a day, as over the last 5 days of work, they are done on 26 Nov, in 5 days.');
  expect(told({ per_day: 60, based_on_days: 1, done_on: '2026-11-22' })).toContain('as on the one day of work so far, they are done tomorrow.');
  expect(told({ per_day: 0.001, based_on_days: 1, done_on: null })).toContain('nobody can say');
  expect(told({ per_day: null, based_on_days: 0, done_on: null })).toContain('first annotation made here');
  expect(told({ per_day: 5, based_on_days: 1, done_on: null }, 100)).toBe('Every task is finished.');
});
