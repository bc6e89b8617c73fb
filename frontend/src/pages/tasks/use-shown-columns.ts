import { useState } from 'react';
import type { TableColumn } from './columns';

export type Layout = 'rows' | 'grid';

/** Whether the person looks at a project's tasks in rows or as pictures side by side, kept in this browser. */
export function useLayout(project: number): [Layout, (layout: Layout) => void] {
  const key = `treadle.layout.${project}`;
  const [layout, setLayout] = useState<Layout>(() => (read(key) === 'grid' ? 'grid' : 'rows'));
  return [layout, (next) => { setLayout(next); keep(key, next); }];
}

/** Which columns the person wants to see in a project, kept in this browser. */
export function useShownColumns(project: number, table: readonly TableColumn[]): [ReadonlySet<string>, (shown: ReadonlySet<string>) => void] {
  const key = `treadle.columns.${project}`;
  const [kept, setKept] = useState<ReadonlySet<string> | undefined>(() => setOf(read(key)));
  const shown = kept ?? new Set(table.filter((column) => column.usual).map((column) => column.id));
  return [shown, (next) => { setKept(next); keep(key, [...next]); }];
}

const setOf = (kept: unknown): ReadonlySet<string> | undefined => (Array.isArray(kept) ? new Set(kept.map(String)) : undefined);

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return undefined;
  }
}

function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage is switched off or full: the choice holds until the page closes.
  }
}
