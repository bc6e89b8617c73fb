import type { Column, FilterItem } from '../../api/types';

/** One condition on the tasks: a column, how it compares, and with what. */
export interface Filter {
  /** As in the wire without its prefix: "total_annotations", "data.image". */
  column: string;
  operator: string;
  value: string;
}

/** How a comparison reads, by kind of column. */
export const OPERATORS: Record<string, ReadonlyArray<readonly [operator: string, words: string]>> = {
  Number: [['equal', 'is'], ['not_equal', 'is not'], ['greater', 'above'], ['less', 'below'], ['greater_or_equal', 'at least'], ['less_or_equal', 'at most'], ['empty', 'is empty']],
  Datetime: [['greater', 'after'], ['less', 'before'], ['empty', 'is empty']],
  String: [['contains', 'contains'], ['not_contains', 'does not contain'], ['equal', 'is'], ['not_equal', 'is not'], ['regex', 'matches'], ['empty', 'is empty']],
  List: [['contains', 'has'], ['not_contains', 'has not'], ['empty', 'is empty']],
  Boolean: [['equal', 'is']],
  Unknown: [['contains', 'contains'], ['equal', 'is'], ['not_equal', 'is not'], ['greater', 'above'], ['less', 'below'], ['empty', 'is empty']],
};

const WORDS = new Map(Object.values(OPERATORS).flat());

const LABEL_COLUMNS = new Set(['annotations_results', 'predictions_results']);
const HAS: ReadonlyArray<readonly [string, string]> = [['contains', 'has'], ['not_contains', 'has not'], ['empty', 'is empty']];

export const kindOf = (column: Column | undefined): string => {
  const type = column?.type ?? 'String';
  return type in OPERATORS ? type : 'String';
};

export const operatorsOf = (column: Column | undefined) =>
  column && LABEL_COLUMNS.has(column.id) ? HAS : (OPERATORS[kindOf(column)] ?? []);

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
  const column = columns.find((each) => idOf(each) === filter.column);
  const kind = kindFor(filter, kindOf(column));
  return { filter: `filter:tasks:${filter.column}`, operator: filter.operator, type: kind, value: valueFor(filter, kind) };
}

/** A column of any kind compares as a number where the value is one and order is asked for. */
function kindFor({ operator, value }: Filter, kind: string): string {
  if (kind !== 'Unknown') return kind;
  return /^(greater|less)/.test(operator) && Number.isFinite(Number(value)) ? 'Number' : 'String';
}

function valueFor({ operator, value }: Filter, kind: string): unknown {
  if (operator === 'empty' || kind === 'Boolean') return value !== 'false';
  if (kind === 'Number' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  return value;
}

export function fromItem(item: FilterItem): Filter {
  return { column: item.filter.replace(/^filter:(?:tasks:)?/, ''), operator: item.operator, value: item.value === undefined || item.value === null ? '' : String(item.value) };
}

/** "Annotations above 2", as three parts so that the first can stand out. */
export function sentenceOf(filter: Filter, columns: readonly Column[]): [subject: string, verb: string, object: string] {
  const column = columns.find((each) => idOf(each) === filter.column);
  const verb = operatorsOf(column).find(([operator]) => operator === filter.operator)?.[1] ?? WORDS.get(filter.operator) ?? filter.operator.replaceAll('_', ' ');
  if (filter.operator === 'empty') return [titleOf(filter.column, columns), filter.value === 'false' ? 'is not empty' : 'is empty', ''];
  return [titleOf(filter.column, columns), verb, filter.value];
}

const TITLES: Record<string, string> = {
  id: 'Task', inner_id: 'Number', completed_at: 'Labelled', total_annotations: 'Annotations', cancelled_annotations: 'Skips', total_predictions: 'Predictions', annotators: 'By',
  annotations_results: 'Label', predictions_score: 'Score', predictions_model_versions: 'Model', predictions_results: 'Predicted label', file_upload: 'File',
  created_at: 'Added', updated_at: 'Changed', updated_by: 'Changed by', annotations_ids: 'Annotation ids', ground_truth: 'Ground truth', draft_exists: 'Draft',
};

/** What a column is called here: short, and in one language with the rest of the page. */
export function titleOf(id: string, columns: readonly Column[]): string {
  if (id.startsWith('data.')) return id.slice('data.'.length);
  return TITLES[id] ?? columns.find((each) => idOf(each) === id)?.title ?? id;
}
