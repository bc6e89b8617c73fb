import type { UnknownLabels } from '../../api/learning';

/** The class that stands for all that have no row of their own. */
export const REST = '*';

export type UnknownMode = 'error' | 'unlabelled' | 'drop' | 'table';

/** A row of the table: a class of the model, and the label it becomes ("": none, null: left out). */
export interface ClassRow {
  name: string;
  target: string | null;
}

export interface UnknownChoice {
  mode: UnknownMode;
  rows: readonly ClassRow[];
  /** What becomes of the others; undefined: they are an error. */
  rest: 'error' | 'unlabelled' | 'drop';
}

export function choiceOf(setting: UnknownLabels | undefined): UnknownChoice {
  if (setting === undefined || setting === 'error') return { mode: 'error', rows: [], rest: 'error' };
  if (typeof setting === 'string') return { mode: setting, rows: [], rest: setting };
  const { [REST]: others, ...classes } = setting;
  const rest = others === undefined || others === 'error' ? 'error' : others === null || others === 'drop' ? 'drop' : 'unlabelled';
  return { mode: 'table', rest, rows: Object.entries(classes).map(([name, target]) => ({ name, target })) };
}

export function settingOf({ mode, rows, rest }: UnknownChoice): UnknownLabels {
  if (mode !== 'table') return mode;
  const table = Object.fromEntries(rows.filter(({ name }) => name.trim() !== '').map(({ name, target }) => [name.trim(), target]));
  return rest === 'error' ? table : { ...table, [REST]: rest === 'drop' ? null : '' };
}

const NO_LABEL = /"([^"]+)" is no label of/g;

/** Classes of the model that failed for being no label, each once. */
export const classesIn = (problems: readonly string[]): string[] => [...new Set(problems.flatMap((problem) => [...problem.matchAll(NO_LABEL)].map((found) => found[1] as string)))].sort();
