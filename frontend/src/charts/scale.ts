/** From values to places on an axis, and where its marks stand. */

export interface Scale {
  /** Where a value stands, px; NaN where it has no place (nothing below zero has one on a logarithmic axis). */
  place: (value: number) => number;
  /** The value at a place, px. */
  value: (place: number) => number;
  ticks: readonly number[];
  write: (value: number) => string;
}

type Span = readonly [low: number, high: number];

/** An axis from `span` to `places` (px). */
export function linearScale([low, high]: Span, [from, to]: Span, count: number): Scale {
  const ticks = niceTicks(low, high, count);
  const step = ticks.length > 1 ? (ticks[1] as number) - (ticks[0] as number) : high - low;
  return {
    place: (value) => from + ((value - low) / (high - low || 1)) * (to - from),
    value: (place) => low + ((place - from) / (to - from || 1)) * (high - low),
    ticks, write: (value) => shortNumber(value, step),
  };
}

/** The same on a logarithmic axis; `span` is above zero. */
export function logScale([low, high]: Span, [from, to]: Span, count: number): Scale {
  const [least, most] = [Math.log10(low), Math.log10(high)];
  return {
    place: (value) => (value > 0 ? from + ((Math.log10(value) - least) / (most - least || 1)) * (to - from) : Number.NaN),
    value: (place) => 10 ** (least + ((place - from) / (to - from || 1)) * (most - least)),
    ticks: logTicks(low, high, count), write: (value) => shortNumber(value, value),
  };
}

const MINUTE = 60_000;
const TIME_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200, 86_400, 525_600].map((each) => each * MINUTE)];

/** An axis of moments, in ms since 1970, marked at full minutes, hours and days. */
export function timeScale([low, high]: Span, places: Span, count: number): Scale {
  const step = TIME_STEPS.find((each) => (high - low) / each <= count) ?? (TIME_STEPS.at(-1) as number);
  const shift = step >= 60 * MINUTE ? new Date(low).getTimezoneOffset() * MINUTE : 0;
  const ticks: number[] = [];
  for (let at = Math.ceil((low - shift) / step) * step + shift; at <= high; at += step) ticks.push(at);
  return { ...linearScale([low, high], places, count), ticks, write: (value) => clock(value, step) };
}

function clock(value: number, step: number): string {
  const date = new Date(value);
  if (step >= 1440 * MINUTE) return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
  const time = date.toLocaleTimeString('en-GB', step >= MINUTE ? { hour: '2-digit', minute: '2-digit' } : {});
  return step >= 1000 ? time : `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Round values from low to high, about so many. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, count);
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * size >= rough * 0.999) ?? 10) * size;
  const ticks: number[] = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) ticks.push(index === 0 ? 0 : index * step);
  return ticks;
}

/** Powers of ten, and where these are few, twos and fives between them. */
export function logTicks(low: number, high: number, count: number): number[] {
  const [least, most] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((most - least) / Math.max(1, count)));
  const powers = Array.from({ length: Math.floor((most - least) / every) + 1 }, (_, index) => 10 ** (least + index * every));
  const fits = (ticks: readonly number[]) => ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  const found = fits(powers);
  if (found.length > 2) return found;
  const finer = fits(powers.flatMap((power) => [power, 2 * power, 5 * power]));
  return finer.length > 1 ? finer : niceTicks(low, high, count).filter((tick) => tick > 0);
}

/** The least and the greatest of an axis that holds these values, with a little room. Undefined where none is to be drawn. */
export function spanOf(values: Iterable<number>, isLog: boolean): Span | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return undefined;
  if (isLog) return low === high ? [low / 2, high * 2] : [low / 1.1, high * 1.1];
  const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

/** A mark of an axis whose marks are `step` apart. */
export function shortNumber(value: number, step: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1e6 || size < 1e-3) return value.toExponential(Math.max(0, Math.min(3, digits(size, step)))).replace(/\.?0+e/, 'e').replace('e+', 'e');
  const places = Math.max(0, Math.min(6, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9) + (isHalf(step) ? 1 : 0)));
  return value.toLocaleString('en', { minimumFractionDigits: Math.min(places, 3), maximumFractionDigits: places });
}

const digits = (size: number, step: number): number => Math.ceil(Math.log10(size / (Math.abs(step) || size)) - 1e-9);
const isHalf = (step: number): boolean => /^25/.test(Math.abs(step).toExponential().replace('.', ''));
