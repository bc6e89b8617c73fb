import { linearScale, shortNumber, spanOf } from './scale';

/** A run with the values that are compared: a number, or a word. */
export interface Row {
  id: string;
  name: string;
  style: number;
  values: Readonly<Record<string, string | number | undefined>>;
}

export interface Axis {
  key: string;
  /** Where a value stands, px; NaN where there is none. */
  place: (value: string | number | undefined) => number;
  marks: ReadonlyArray<{ y: number; words: string }>;
  isNumber: boolean;
}

const MOST_WORDS = 12;
const MARKS = 5;

/** A value as a number, where it is one: parameters are written as words. */
export function asNumber(value: string | number | undefined): number {
  if (typeof value === 'number') return value;
  return value === undefined || value.trim() === '' ? Number.NaN : Number(value);
}

/** An axis from `places` (px) for one value of all rows: of numbers where all are, else of the words in order. */
export function axisOf(rows: readonly Row[], key: string, places: readonly [number, number]): Axis {
  const values = rows.flatMap(({ values: found }) => (found[key] === undefined ? [] : [found[key] as string | number]));
  const numbers = values.map(asNumber);
  const span = numbers.length > 0 && numbers.every((each, index) => Number.isFinite(each) || typeof values[index] === 'number') ? spanOf(numbers, false) : undefined;
  if (span) {
    const scale = linearScale(span, places, MARKS);
    return { key, isNumber: true, place: (value) => { const number = asNumber(value); return Number.isFinite(number) ? scale.place(number) : Number.NaN; }, marks: scale.ticks.map((tick) => ({ y: scale.place(tick), words: scale.write(tick) })) };
  }
  const words = [...new Set(values.map(String))].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const at = (index: number) => places[0] + ((index + 0.5) / Math.max(1, words.length)) * (places[1] - places[0]);
  const order = new Map(words.map((word, index) => [word, index]));
  const every = Math.ceil(words.length / MOST_WORDS);
  return {
    key, isNumber: false,
    place: (value) => { const index = value === undefined ? undefined : order.get(String(value)); return index === undefined ? Number.NaN : at(index); },
    marks: words.flatMap((word, index) => (index % every === 0 ? [{ y: at(index), words: word }] : [])),
  };
}

export const writeValue = (value: string | number | undefined): string => (value === undefined ? '–' : typeof value === 'number' ? shortNumber(value, value / 1000) : value);
