import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ApiError, get, isRecord, patch, post, remove } from './client';
import type { Person } from './types';

/** What the server tells of experiments and runs. Times are ms since 1970. */

/** A value of a metric; what JSON has no number for comes as its name. */
export type Figure = number | 'NaN' | 'Infinity' | '-Infinity';

export interface Experiment {
  id: string;
  name: string;
  created_at: number | null;
  updated_at: number | null;
  run_count: number;
  last_run_at: number | null;
  tags: Readonly<Record<string, string>>;
  is_deleted: boolean;
  /** Who deleted it, by e-mail address; null where nobody saw, or it lives. */
  deleted_by: string | null;
}

export type RunStatus = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

export interface RunRow {
  /** The same as `run_id`: what rows of every list have. */
  id: string;
  run_id: string;
  experiment_id: string;
  name: string;
  status: RunStatus;
  user: string | null;
  start_time: number | null;
  end_time: number | null;
  is_deleted: boolean;
  metrics: Readonly<Record<string, Figure>>;
  params: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
}

export interface RunColumns {
  metrics: readonly string[];
  params: readonly string[];
  tags: readonly string[];
}

/** Which runs, in which order, with which of their values. */
export interface RunQuestion {
  workspace: number;
  experiments: readonly string[];
  filter: string;
  order: readonly string[];
  view: 'active' | 'deleted';
  columns: RunColumns;
}

export interface RunPage {
  results: RunRow[];
  total: number;
}

export interface RunGroup {
  /** What the runs of the group have in common; null: they have no such value. */
  value: string | null;
  count: number;
  metrics: Readonly<Record<string, { min: Figure | null; mean: Figure | null; max: Figure | null }>>;
}

export interface Curve {
  run_id: string;
  points: number;
  x: number[];
  min: Figure[];
  max: Figure[];
  mean: Figure[];
}

export type CurveX = 'step' | 'time';

/** The stretch of a curve that is looked at; from its first to its last point where it is left out. */
export type CurveRange = readonly [from: number, to: number];

export const RUNS_A_PAGE = 100;
/** So many runs at once in an action: it takes some seconds, and a bar tells how far it is. */
export const RUNS_AN_ACTION = 200;
/** The most metrics that groups are told of. */
export const MOST_GROUPED = 20;
const ROWS_KEPT_MS = 20_000;
const LIVE_MS = 2_500;

export const experimentsQuery = (workspace: number | undefined, view: 'active' | 'deleted' = 'active') =>
  queryOptions({
    queryKey: ['experiments', workspace, view],
    queryFn: async ({ signal }) => (await get<{ results: Experiment[] }>('api/tracking/experiments/', { workspace, deleted: view === 'deleted' ? 1 : 0 }, signal)).results,
    enabled: workspace !== undefined,
  });

const bodyOf = ({ workspace, experiments, filter, order, view, columns }: RunQuestion) =>
  ({ workspace, experiment_ids: experiments, filter, order_by: order, view, columns });

export const runPageQuery = (question: RunQuestion, page: number) =>
  queryOptions({
    queryKey: ['runs', question, page],
    queryFn: async (): Promise<RunPage> => {
      const { results, total } = await post<RunPage>('api/tracking/runs/', { ...bodyOf(question), offset: page * RUNS_A_PAGE, limit: RUNS_A_PAGE });
      return { results: results.map((run) => ({ ...run, id: run.run_id })), total };
    },
    staleTime: 5_000,
    gcTime: ROWS_KEPT_MS, // out of a hundred thousand rows only those around the view stay in memory
    refetchInterval: (query) => (query.state.data?.results.some(({ status }) => status === 'RUNNING') ? LIVE_MS : false),
  });

/** Ids of a stretch of a list, without any values. */
export async function runIds(question: RunQuestion, offset: number, limit: number): Promise<string[]> {
  const none = { metrics: [], params: [], tags: [] };
  return (await post<RunPage>('api/tracking/runs/', { ...bodyOf({ ...question, columns: none }), offset, limit })).results.map(({ run_id }) => run_id);
}

export const runGroupsQuery = (question: RunQuestion, by: string) =>
  queryOptions({
    queryKey: ['runs', question, 'groups', by],
    queryFn: async () => (await post<{ results: RunGroup[] }>('api/tracking/runs/groups/', { ...bodyOf(question), by, metrics: question.columns.metrics.slice(0, MOST_GROUPED) })).results,
    placeholderData: keepPreviousData,
  });

export const runColumnsQuery = (workspace: number, experiments: readonly string[]) =>
  queryOptions({
    queryKey: ['run-columns', workspace, experiments],
    queryFn: ({ signal }) => get<RunColumns>('api/tracking/columns/', { workspace, experiment_ids: experiments.join(',') }, signal),
    staleTime: 30_000,
  });

export interface CurveQuestion {
  workspace: number;
  runs: readonly string[];
  key: string;
  x: CurveX;
  buckets: number;
  range: CurveRange | undefined;
  /** Whether a run still writes: then the curve is asked for again and again. */
  isLive: boolean;
}

export const curvesQuery = ({ workspace, runs, key, x, buckets, range, isLive }: CurveQuestion) =>
  queryOptions({
    queryKey: ['curves', workspace, runs, key, x, buckets, range],
    queryFn: async () => (await post<{ curves: Curve[] }>('api/tracking/curves/', { workspace, run_ids: runs, key, x, buckets, from: range?.[0] ?? null, to: range?.[1] ?? null })).curves,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
    gcTime: 60_000,
    refetchInterval: isLive ? LIVE_MS : false,
  });

export type RunAction = { action: 'delete' | 'restore' } | { action: 'set-tag'; key: string; value: string } | { action: 'delete-tag'; key: string };

/** What became of the runs of an action: `unchanged` were refused, or are left since the server could not go on. */
interface ActedOnRuns {
  changed: number;
  refused: Array<{ run_id: string; message: string }>;
  unchanged: string[];
  left: number;
  /** Why the last of them are left; empty where none is. */
  why: string;
}

export const actOnRuns = (workspace: number, runs: readonly string[], act: RunAction) =>
  post<ActedOnRuns>('api/tracking/runs/actions/', { workspace, run_ids: runs, ...act });

/** How a list of runs is looked at: what a saved view keeps. */
export interface RunLook {
  filter?: string;
  sort?: string;
  which?: 'deleted';
  group?: string;
  columns?: string[];
  widths?: Record<string, number>;
}

export interface RunView {
  id: number;
  name: string;
  is_shared: boolean;
  is_own: boolean;
  state: RunLook;
}

export const runViewsQuery = (workspace: number, experiment: string) =>
  queryOptions({
    queryKey: ['run-views', workspace, experiment],
    queryFn: async ({ signal }) => (await get<{ results: RunView[] }>('api/tracking/views/', { workspace, experiment }, signal)).results,
  });

export const saveRunView = (workspace: number, experiment: string, view: Pick<RunView, 'name' | 'is_shared' | 'state'>) =>
  post<RunView>('api/tracking/views/', { workspace, experiment, ...view });
export const changeRunView = (id: number, change: Partial<Pick<RunView, 'name' | 'is_shared' | 'state'>>) => patch<RunView>(`api/tracking/views/${id}/`, change);
export const deleteRunView = (id: number) => remove(`api/tracking/views/${id}/`);

export interface Promotion {
  /** Empty where a version was made or deleted; after "stage:" the name of an old stage. */
  alias: string;
  /** The version that has the alias since then; null: it was taken away. */
  version: string | null;
  previous_version: string | null;
  by: Person | null;
  /** ISO 8601, or ms since 1970. */
  at: string | number;
}

export const promotionsQuery = (workspace: number, name: string) =>
  queryOptions({
    queryKey: ['promotions', workspace, name],
    queryFn: async ({ signal }) => (await get<{ results: Promotion[] }>('api/tracking/models/history/', { workspace, name }, signal)).results,
  });

/** Where in a search the server stopped to understand it, and what it says; nothing for any other failure. */
export function wrongFilter(error: unknown): { at: number | undefined; message: string } | undefined {
  if (!(error instanceof ApiError) || error.status !== 400 || !isRecord(error.body)) return undefined;
  const details = isRecord(error.body['details']) ? error.body['details'] : error.body;
  const said = error.body['message'];
  return { at: typeof details['at'] === 'number' ? details['at'] : undefined, message: typeof said === 'string' ? said : error.message };
}

