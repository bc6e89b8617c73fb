import type { ProgressDay } from '../../api/types';
import { dateLocale } from '../../i18n/words';

const DAY_MS = 86_400_000;

/** A day as a whole number, so that days are added and compared without zones. */
export const dayNumber = (date: string): number => Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS);
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
export const shownDay = (day: number, withYear = false): string => new Date(day * DAY_MS).toLocaleDateString(dateLocale(), { day: 'numeric', month: 'short', timeZone: 'UTC', ...(withYear ? { year: 'numeric' } : {}) });

export interface CurveDay {
  day: number;
  submitted: number;
  /** All that was finished or submitted up to the end of the day. */
  sum: number;
}

export interface Curve {
  /** Where the line starts: what no day added, as with an import of finished work. */
  base: number;
  days: readonly CurveDay[];
  /** Where the line stands now and where it goes, when somebody can know. */
  forecast: { fromDay: number; fromSum: number; toDay: number; toSum: number } | null;
  firstDay: number;
  lastDay: number;
  top: number;
}

interface Asked {
  days: readonly ProgressDay[];
  today: string;
  /** The day from which there could be work; without it the first one with any. */
  since?: string;
  /** Where the line ends at least: more than the days add where work came by import. */
  finished?: number;
  /** How many submitted annotations make the project done. */
  target: number;
  doneOn: string | null;
}

const LEAST_DAYS = 7;
const LONGEST_FORECAST = 2; // times the days that were worked: beyond it the past would be a sliver

/** Fills the days between, sums them up, and draws the forecast as far as it can be seen. */
export function curveOf({ days, today, since = today, finished = 0, target, doneOn }: Asked): Curve {
  const counts = new Map(days.map((each) => [dayNumber(each.date), each.submitted]));
  const now = dayNumber(today);
  const begun = Math.min(now, dayNumber(since), ...counts.keys());
  const base = Math.max(0, finished - days.reduce((all, each) => all + each.submitted, 0));
  let sum = base;
  const filled = Array.from({ length: now - begun + 1 }, (_, index) => {
    const submitted = counts.get(begun + index) ?? 0;
    sum += submitted;
    return { day: begun + index, submitted, sum };
  });
  const firstDay = Math.min(begun - 1, now - LEAST_DAYS + 1);
  const top = Math.max(target, sum, 1);
  if (!doneOn || target <= sum) return { base, days: filled, forecast: null, firstDay, lastDay: now, top };
  const done = dayNumber(doneOn);
  const furthest = now + Math.max(LEAST_DAYS, LONGEST_FORECAST * (now - firstDay));
  const toDay = Math.max(now + 1, Math.min(done, furthest));
  const toSum = done <= toDay ? target : sum + ((target - sum) * (toDay - now)) / (done - now);
  return { base, days: filled, forecast: { fromDay: now, fromSum: sum, toDay, toSum }, firstDay, lastDay: toDay, top };
}

/** A round number at or above `value`, in quarters that are whole: 1, 2, 4, 8, 12, 20, 40, 100 … */
export function roundTop(value: number): number {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  const step = [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10].find((each) => each * size >= value) ?? 10;
  return step * size;
}

/** Up to `most` whole days, evenly apart, the last of them at the end. */
export function dayTicks(first: number, last: number, most: number): number[] {
  const step = Math.max(1, Math.ceil((last - first) / Math.max(1, most - 1)));
  const ticks: number[] = [];
  for (let day = last; day >= first; day -= step) ticks.unshift(day);
  return ticks;
}
