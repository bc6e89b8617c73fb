import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get, post } from './client';

/** What lies deleted of experiments and runs, and freeing it for good. Times are ms since 1970. */

export interface DeletedRun {
  run_id: string;
  experiment_id: string;
  experiment: string;
  name: string;
  deleted_at: number | null;
  is_experiment_deleted: boolean;
  /** Who made it. */
  user: string | null;
  /** Who deleted it, by e-mail address; null where nobody saw. */
  deleted_by: string | null;
}

export interface DeletedPage {
  experiments: number;
  runs: number;
  results: DeletedRun[];
}

/** What a purge would free now. */
export interface Purgeable {
  experiments: number;
  runs: number;
  logged_models: number;
  traces: number;
  /** Places of files that an earlier purge took and did not free, but for those that stay. */
  noted: number;
  size_bytes: number;
  objects: number;
  /** Whether all of it was looked at; else it is at least so much. */
  is_whole: boolean;
  /** The job that purges at the moment. */
  job: string | null;
}

/** What a purge freed, and what of the files it kept. */
export interface Purged {
  experiments: number;
  runs: number;
  logged_models: number;
  traces: number;
  objects: number;
  size_bytes: number;
  kept: number;
  kept_bytes: number;
  kept_for: Array<{ place: string; version: string }>;
}

const RUNS_A_PAGE = 100;
/** So many sizes are asked for at once. */
export const SIZES_AT_ONCE = 100;

/** Deleted runs of experiments that live, the last deleted first. */
export const deletedRunsQuery = (workspace: number | undefined) =>
  infiniteQueryOptions({
    queryKey: ['deleted-runs', workspace],
    queryFn: ({ pageParam, signal }) => get<DeletedPage>('api/tracking/deleted/', { workspace, is_alone: 1, offset: pageParam, limit: RUNS_A_PAGE }, signal),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => (pages.length * RUNS_A_PAGE < last.runs ? pages.length * RUNS_A_PAGE : undefined),
    enabled: workspace !== undefined,
  });

/** Bytes of experiments ("3") and runs ("3/RUN"); null for those that the server did not come to. */
export async function sizesOf(workspace: number, of: readonly string[], signal?: AbortSignal): Promise<Array<[of: string, size: number | null]>> {
  const { results } = await get<{ results: Array<{ of: string; size_bytes: number | null }> }>('api/tracking/deleted/sizes/', { workspace, of: of.join(',') }, signal);
  return results.map((each) => [each.of, each.size_bytes]);
}

export const purgeableQuery = (workspace: number | undefined, days: number) =>
  queryOptions({
    queryKey: ['purgeable', workspace, days],
    queryFn: ({ signal }) => get<Purgeable>('api/tracking/purge/', { workspace, older_than_days: days }, signal),
    enabled: workspace !== undefined,
    staleTime: 5_000,
  });

/** What a purge of all that lies deleted would free, without a look at files, and the job that is at it. */
export const purgeableCountsQuery = (workspace: number | undefined) =>
  queryOptions({
    queryKey: ['purgeable', workspace, 'counts'],
    queryFn: ({ signal }) => get<Purgeable>('api/tracking/purge/', { workspace, older_than_days: 0, with_sizes: 0 }, signal),
    enabled: workspace !== undefined,
    staleTime: 5_000,
  });

export const isNothing = ({ experiments, runs, logged_models, noted }: Purgeable): boolean => experiments + runs + logged_models + noted === 0;

export const startPurge = (workspace: number, older_than_days: number) => post<{ job: string }>('api/tracking/purge/', { workspace, older_than_days });
