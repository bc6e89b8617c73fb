import { useState } from 'react';
import type { TableColumn } from './columns';

/** Which columns the person wants to see in a project, kept in this browser. */
export function useShownColumns(project: number, table: readonly TableColumn[]): [ReadonlySet<string>, (shown: ReadonlySet<string>) => void] {
  const key = `treadle.columns.${project}`;
  const [kept, setKept] = useState<ReadonlySet<string> | undefined>(() => read(key));
  const shown = kept ?? new Set(table.filter((column) => column.usual).map((column) => column.id));
  const change = (next: ReadonlySet<string>) => {
    setKept(next);
    try {
      localStorage.setItem(key, JSON.stringify([...next]));
    } catch {
      // Storage is switched off or full: the choice holds until the page closes.
    }
  };
  return [shown, change];
}

function read(key: string): ReadonlySet<string> | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    return Array.isArray(kept) ? new Set(kept.map(String)) : undefined;
  } catch {
    return undefined;
  }
}
