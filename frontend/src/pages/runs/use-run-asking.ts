import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { RunLook, RunView } from '../../api/tracking';
import type { RunsSearch } from '../../app/router';

/** What is looked at, as the address says it: the back button brings the former back. */
export interface RunAsking {
  look: RunLook;
  /** The saved view that was opened; `look` may have left it since. */
  view: RunView | undefined;
  isChanged: boolean;
  change: (change: Partial<RunLook>) => void;
  open: (view: RunView | undefined) => void;
  preview: string | undefined;
  onPreview: (run: string | undefined) => void;
}

const KEYS = ['filter', 'sort', 'which', 'group', 'columns', 'widths'] as const satisfies ReadonlyArray<keyof RunLook>;

/** The parts of a look that say something. */
export const plainLook = (look: RunLook): RunLook => Object.fromEntries(KEYS.flatMap((key) => {
  const value = look[key];
  const isNothing = value === undefined || value === '' || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
  return isNothing ? [] : [[key, value]];
}));

export const sameLook = (a: RunLook, b: RunLook): boolean => JSON.stringify(plainLook(a)) === JSON.stringify(plainLook(b));

export function useRunAsking(views: readonly RunView[] | undefined): RunAsking {
  const search = useSearch({ from: '/inside/experiments/$experimentIds' });
  const navigate = useNavigate();
  const { saved, run, w, ...own } = search;
  const key = JSON.stringify(plainLook(own));
  const look = useMemo(() => JSON.parse(key) as RunLook, [key]);
  const view = saved === undefined ? undefined : views?.find(({ id }) => id === saved);
  const go = (next: (before: RunsSearch) => RunsSearch, replace = false) => void navigate({ to: '.', search: next as never, replace });
  const kept = ({ w: of }: RunsSearch) => (of === undefined ? {} : { w: of });
  return {
    look, view, isChanged: view !== undefined && !sameLook(view.state, look),
    change: (change) => go((before) => ({ ...before, ...cleared(change), ...plainLook({ ...look, ...change }) })),
    open: (next) => go((before) => ({ ...kept(before), ...(next ? { ...plainLook(next.state), saved: next.id } : {}) })),
    preview: run,
    onPreview: (next) => go((before) => ({ ...before, run: next }), true),
  };
}

/** Takes out of the address what a change sets to nothing. */
const cleared = (change: Partial<RunLook>): Partial<RunLook> => Object.fromEntries(Object.keys(change).map((key) => [key, undefined]));
