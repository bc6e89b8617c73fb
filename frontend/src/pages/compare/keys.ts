import type { Row } from '../../charts/axes';

/** Names of values that some of the runs have: "params.lr", "metrics.loss". */
export function keysOf(rows: readonly Row[], kind: 'params' | 'metrics'): string[] {
  const keys = new Set(rows.flatMap(({ values }) => Object.keys(values)));
  return [...keys].filter((key) => key.startsWith(`${kind}.`) && !key.startsWith('metrics.system/')).sort();
}

/** Whether the runs differ in a value; to lack it is to differ. */
export const differs = (rows: readonly Row[], key: string): boolean => new Set(rows.map(({ values }) => String(values[key]))).size > 1;

/** "params.lr" as people read it. */
export const titleOfKey = (key: string): string => key.slice(key.indexOf('.') + 1);
