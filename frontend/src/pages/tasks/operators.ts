import type { Column } from '../../api/types';

type Worded = readonly [operator: string, words: string];

/** What a filter compares with: it decides which input stands for it. */
export type Shape = 'none' | 'flag' | 'people' | 'labels' | 'list' | 'range' | 'time' | 'time-range' | 'number' | 'text';

const EMPTY: Worded = ['empty', 'is empty'];
const ORDERED: readonly Worded[] = [['greater', 'above'], ['less', 'below'], ['greater_or_equal', 'at least'], ['less_or_equal', 'at most'], ['in', 'between'], ['not_in', 'not between']];
const SAME: readonly Worded[] = [['equal', 'is'], ['not_equal', 'is not']];
const LISTED: readonly Worded[] = [['in_list', 'is one of'], ['not_in_list', 'is none of']];
const WORDS: readonly Worded[] = [['contains', 'contains'], ['not_contains', 'does not contain']];
const HAS: readonly Worded[] = [['contains', 'has'], ['not_contains', 'has not']];
const MATCHES: Worded = ['regex', 'matches'];

/** How a comparison reads, by kind of column. */
const OPERATORS: Record<string, readonly Worded[]> = {
  Number: [...SAME, ...ORDERED, ...LISTED, EMPTY],
  Time: [...SAME, ...ORDERED, EMPTY],
  Datetime: [['greater', 'after'], ['less', 'before'], ['in', 'between'], ['not_in', 'not between'], EMPTY],
  String: [...WORDS, ...SAME, ...LISTED, MATCHES, EMPTY],
  List: [...HAS, EMPTY],
  Boolean: [['equal', 'is']],
  Unknown: [...WORDS, ...SAME, ...ORDERED, ...LISTED, MATCHES, EMPTY],
};

const PEOPLE = new Set(['annotators', 'updated_by', 'assignees']);

export const kindOf = (column: Column | undefined): string => {
  const type = column?.type ?? 'String';
  return type in OPERATORS ? type : 'String';
};

export function operatorsOf(column: Column | undefined): readonly Worded[] {
  if (column?.id === 'labels' || column?.id === 'updated_by') return HAS;
  return OPERATORS[kindOf(column)] ?? [];
}

const KNOWN = new Map<string, string>(Object.values(OPERATORS).flat().map(([operator, words]) => [operator, words]));

export const verbOf = (column: Column | undefined, operator: string): string =>
  operatorsOf(column).find(([each]) => each === operator)?.[1] ?? KNOWN.get(operator) ?? operator.replaceAll('_', ' ');

/** The shape of the value that a column is compared with. */
export function shapeOf(column: Column | undefined, operator: string): Shape {
  const kind = kindOf(column);
  if (operator === 'empty') return 'none';
  if (kind === 'Boolean') return 'flag';
  if (column && PEOPLE.has(column.id)) return 'people';
  if (column?.id === 'labels') return 'labels';
  if (operator === 'in_list' || operator === 'not_in_list') return 'list';
  if (operator === 'in' || operator === 'not_in') return kind === 'Datetime' ? 'time-range' : 'range';
  if (kind === 'Datetime') return 'time';
  return kind === 'Number' || kind === 'Time' ? 'number' : 'text';
}
