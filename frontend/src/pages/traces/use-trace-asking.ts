import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';

/** How a list of traces is looked at. */
export interface TraceLook {
  filter?: string;
  sort?: string;
  columns?: string[];
  widths?: Record<string, number>;
}

export interface TraceAsking {
  look: TraceLook;
  change: (change: { [K in keyof TraceLook]?: TraceLook[K] | undefined }) => void;
  /** The trace that is shown beside the table. */
  preview: string | undefined;
  onPreview: (trace: string | undefined) => void;
}

const KEYS = ['filter', 'sort', 'columns', 'widths'] as const satisfies ReadonlyArray<keyof TraceLook>;

/** What is looked at, as the address of whichever page says it: the back button brings the former back. */
export function useTraceAsking(): TraceAsking {
  const search = useSearch({ strict: false }) as TraceLook & { trace?: string };
  const navigate = useNavigate();
  const key = JSON.stringify(Object.fromEntries(KEYS.map((each) => [each, search[each]])));
  const look = useMemo(() => JSON.parse(key) as TraceLook, [key]);
  const go = (change: object, replace = false) => void navigate({ to: '.', search: ((before: object) => stripped({ ...before, ...change })) as never, replace });
  return { look, change: (change) => go(change), preview: search.trace, onPreview: (trace) => go({ trace }, true) };
}

/** Without what says nothing. */
const stripped = (search: object): object => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== '' && !(typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0)));
