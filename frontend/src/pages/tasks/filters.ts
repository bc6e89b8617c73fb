import type { Column, FilterItem } from '../../api/types';
import { listed, t } from '../../i18n/words';
import { moment } from '../../ui/format';
import { operatorsOf, shapeOf, verbOf } from './operators';

/** One condition on the tasks: a column, how it compares, and with what. */
export interface Filter {
  /** As in the wire without its prefix: "total_annotations", "data.image". */
  column: string;
  operator: string;
  /** Several values, and the two ends of a range, are joined by commas: see `partsOf`. */
  value: string;
}

/** Whether a task must fit all filters or any of them. */
export type Match = 'and' | 'or';

export const idOf = (column: Column): string => (column.parent ? `${column.parent}.${column.id}` : column.id);

/** From the address: `column:operator:value`, joined by `;`, each part percent-encoded where it must be. */
export function parseWhere(where: string | undefined): Filter[] {
  return (where ?? '').split(';').filter(Boolean).flatMap((clause) => {
    const [column, operator, value = ''] = clause.split(':');
    return column && operator ? [{ column: decode(column), operator, value: decode(value) }] : [];
  });
}

export function writeWhere(filters: readonly Filter[]): string | undefined {
  if (filters.length === 0) return undefined;
  return filters.map(({ column, operator, value }) => `${encode(column)}:${operator}:${encode(value)}`).join(';');
}

/** The values of a filter that takes several, or both ends of its range. */
export const partsOf = (value: string): string[] => (value === '' ? [] : value.split(',').map(decode));
export const joinParts = (parts: readonly string[]): string => parts.map((part) => part.replace(/[%,]/g, (sign) => encodeURIComponent(sign))).join(',');

const encode = (part: string): string => part.replace(/[%:;]/g, (sign) => encodeURIComponent(sign));
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The filter as the server wants it, its value in the column's own type. */
export function toItem(filter: Filter, columns: readonly Column[]): FilterItem {
  const column = columnOf(filter.column, columns);
  const kind = kindFor(filter, column);
  return { filter: `filter:tasks:${filter.column}`, operator: filter.operator, type: kind, value: valueFor(filter, column, kind) };
}

/** A column of any kind compares as a number where all values are numbers and order is asked for. */
function kindFor(filter: Filter, column: Column | undefined): string {
  const type = column?.type ?? 'String';
  if (type !== 'Unknown') return ['Number', 'Datetime', 'Boolean', 'List', 'Time'].includes(type) ? (type === 'Time' ? 'Number' : type) : 'String';
  if (!/^(greater|less|in$|not_in$)/.test(filter.operator)) return 'String';
  const values = /^(not_)?in$/.test(filter.operator) ? partsOf(filter.value) : [filter.value];
  return values.length > 0 && values.every(isNumber) ? 'Number' : 'String';
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

function valueFor({ operator, value }: Filter, column: Column | undefined, kind: string): unknown {
  const typed = (text: string): unknown => (kind === 'Number' && isNumber(text) ? Number(text) : text);
  const shape = shapeOf(column, operator);
  if (shape === 'none' || shape === 'flag') return value !== 'false';
  if (shape === 'people') return partsOf(value).map(Number);
  if (shape === 'labels') return partsOf(value);
  if (shape === 'list') return partsOf(value).map(typed);
  if (shape === 'range' || shape === 'time-range') {
    const [min = '', max = ''] = partsOf(value);
    return { min: typed(min), max: typed(max) };
  }
  return typed(value);
}

export function fromItem(item: FilterItem): Filter {
  return { column: item.filter.replace(/^-?filter:(?:tasks:)?/, ''), operator: item.operator, value: textOf(item.value) };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return joinParts(value.map(String));
  if (typeof value !== 'object') return String(value);
  const { min, max } = value as { min?: unknown; max?: unknown };
  return joinParts([String(min ?? ''), String(max ?? '')]);
}

/** Names behind ids, for those who read a filter. */
export type NameOf = (person: number) => string;

/** "Annotations above 2", as three parts so that the first can stand out. */
export function sentenceOf(filter: Filter, columns: readonly Column[], nameOf: NameOf = (id) => t('person {id}', { id })): [subject: string, verb: string, object: string] {
  const column = columnOf(filter.column, columns);
  const [title, verb] = [titleOf(filter.column, columns), verbOf(column, filter.operator)];
  const shape = shapeOf(column, filter.operator);
  const parts = partsOf(filter.value);
  if (shape === 'none') return [title, filter.value === 'false' ? t('is not empty') : t('is empty'), ''];
  if (shape === 'flag') return [title, t('is'), filter.value === 'false' ? t('no') : t('yes')];
  if (shape === 'people') return [title, verb, someOf(parts.map((part) => nameOf(Number(part))))];
  if (shape === 'labels' || shape === 'list') return [title, verb, someOf(parts)];
  if (shape === 'range') return [title, verb, t('{low} and {high}', { low: parts[0] ?? '', high: parts[1] ?? '' })];
  if (shape === 'time-range') return [title, verb, t('{low} and {high}', { low: timeText(parts[0]), high: timeText(parts[1]) })];
  return [title, verb, shape === 'time' ? timeText(filter.value) : filter.value];
}

const MOST_NAMED = 3;
const someOf = (names: readonly string[]): string =>
  names.length <= MOST_NAMED ? listed(names, 'disjunction') : t('{names} or {more} more', { names: names.slice(0, MOST_NAMED - 1).join(', '), more: names.length - MOST_NAMED + 1 });

const timeText = (time: string | undefined): string => (time && !Number.isNaN(Date.parse(time)) ? moment(time) : (time ?? ''));

/** The column that a filter names; what a task's results say has a column of its own here. */
export const columnOf = (id: string, columns: readonly Column[]): Column | undefined =>
  id === LABELS.id ? LABELS : columns.find((each) => idOf(each) === id);

/** Not a column of the list, but the server filters by it: the labels and choices in a task's results. */
export const LABELS: Column = { id: 'labels', title: t('Label'), type: 'List', target: 'tasks' };

const TITLES: Record<string, string> = {
  id: t('Task'), inner_id: t('Number'), labels: t('Label'), completed_at: t('Labelled at'), is_labeled: t('Labelled'), total_annotations: t('Annotations'), cancelled_annotations: t('Skips'), total_predictions: t('Predictions'),
  annotators: t('By@@who labelled'), assignees: t('Assigned to'), annotations_results: t('Result text'), predictions_score: t('Score'), predictions_model_versions: t('Model'), predictions_results: t('Predicted text'), file_upload: t('File'),
  created_at: t('Added'), updated_at: t('Changed@@when a task was'), updated_by: t('Changed by'), annotations_ids: t('Annotation ids'), ground_truth: t('Ground truth'), draft_exists: t('Draft'), avg_lead_time: t('Time taken, s'), is_retired: t('Retired'),
};

/** What a column is called here: short, and in one language with the rest of the page. */
export function titleOf(id: string, columns: readonly Column[]): string {
  if (id.startsWith('data.')) return id.slice('data.'.length);
  return TITLES[id] ?? columns.find((each) => idOf(each) === id)?.title ?? id;
}

/** Columns that can be filtered, in groups as a person looks for them. */
export function filterable(columns: readonly Column[], labels: readonly string[]): Array<[group: string, columns: Column[]]> {
  const known = columns.filter((column) => column.id !== 'data' && operatorsOf(column).length > 0);
  const data = known.filter((column) => column.parent === 'data');
  const own = known.filter((column) => column.parent === undefined);
  const usual = own.filter((column) => USUAL.has(column.id));
  return [
    [t('Usual'), [...(labels.length > 0 ? [LABELS] : []), ...usual]],
    [t('Data of the task'), data],
    [t('More'), own.filter((column) => !USUAL.has(column.id))],
  ].filter((group): group is [string, Column[]] => (group[1] as Column[]).length > 0);
}

const USUAL = new Set(['id', 'is_labeled', 'annotators', 'assignees', 'predictions_score', 'total_annotations', 'total_predictions', 'draft_exists', 'completed_at', 'updated_at']);
