import type { Column } from '../../api/types';
import { t } from '../../i18n/words';

type Worded = readonly [operator: string, words: string];

/** What a filter compares with: it decides which input stands for it. */
export type Shape = 'none' | 'flag' | 'people' | 'labels' | 'list' | 'range' | 'time' | 'time-range' | 'number' | 'text';

const EMPTY: Worded = ['empty', t('is empty')];
const ORDERED: readonly Worded[] = [['greater', t('above')], ['less', t('below')], ['greater_or_equal', t('at least')], ['less_or_equal', t('at most')], ['in', t('between')], ['not_in', t('not between')]];
const SAME: readonly Worded[] = [['equal', t('is')], ['not_equal', t('is not')]];
const LISTED: readonly Worded[] = [['in_list', t('is one of')], ['not_in_list', t('is none of')]];
const WORDS: readonly Worded[] = [['contains', t('contains')], ['not_contains', t('does not contain')]];
const HAS: readonly Worded[] = [['contains', t('has')], ['not_contains', t('has not')]];
const MATCHES: Worded = ['regex', t('matches')];

/** How a comparison reads, by kind of column. */
const OPERATORS: Record<string, readonly Worded[]> = {
  Number: [...SAME, ...ORDERED, ...LISTED, EMPTY],
  Time: [...SAME, ...ORDERED, EMPTY],
  Datetime: [['greater', t('after')], ['less', t('before')], ['in', t('between')], ['not_in', t('not between')], EMPTY],
  String: [...WORDS, ...SAME, ...LISTED, MATCHES, EMPTY],
  List: [...HAS, EMPTY],
  Boolean: [['equal', t('is')]],
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
