import { infiniteQueryOptions } from '@tanstack/react-query';
import { get } from './client';
import type { AuditEntry } from './types';

const LINES_A_PAGE = 100;

export interface AuditFilter {
  actor?: number | undefined;
  action?: string | undefined;
  outcome?: 'done' | 'refused' | undefined;
  /** A day as 2026-11-21; `until` itself is not among them. */
  since?: string | undefined;
  until?: string | undefined;
}

/** The log of a workspace, or of the whole installation where none is named; newest first. */
export const auditQuery = (workspace: number | undefined, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', workspace, filter],
    queryFn: ({ pageParam, signal }) => get<{ results: AuditEntry[]; next_before: number | null }>(workspace === undefined ? 'api/audit-log' : `api/workspaces/${workspace}/audit-log`, { ...filter, before: pageParam, page_size: LINES_A_PAGE }, signal),
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next_before,
  });
