import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ApiError, isRecord } from './client';
import { askMlflow } from './mlflow';

/** Traces, as MLflow's client asks for them. Moments are ISO 8601, durations seconds with an "s" behind. */

export type TraceState = 'OK' | 'ERROR' | 'IN_PROGRESS' | 'STATE_UNSPECIFIED';

/** What somebody, a judge or a program said of a trace or of one of its spans. */
export interface Assessment {
  assessment_id?: string;
  assessment_name: string;
  span_id?: string;
  source?: { source_type?: 'HUMAN' | 'LLM_JUDGE' | 'CODE' | 'SOURCE_TYPE_UNSPECIFIED'; source_id?: string };
  create_time?: string;
  last_update_time?: string;
  feedback?: { value?: unknown; error?: { error_code?: string; error_message?: string; stack_trace?: string } };
  expectation?: { value?: unknown; serialized_value?: { value?: string } };
  issue?: { issue_name?: string };
  rationale?: string;
  overrides?: string;
  /** False: a later one stands in its place. */
  valid?: boolean;
}

export interface TraceInfo {
  trace_id: string;
  client_request_id?: string;
  trace_location?: { mlflow_experiment?: { experiment_id?: string } };
  request_preview?: string;
  response_preview?: string;
  request_time?: string;
  execution_duration?: string;
  state?: TraceState;
  trace_metadata?: Readonly<Record<string, string>>;
  tags?: Readonly<Record<string, string>>;
  assessments?: Assessment[];
}

/** A trace in a list. */
export interface TraceRow extends TraceInfo {
  /** The same as `trace_id`: what rows of every list have. */
  id: string;
}

/** Which traces, in which order. */
export interface TraceQuestion {
  workspace: number;
  experiments: readonly string[];
  filter: string;
  order: readonly string[];
}

export interface TracePage {
  traces: TraceRow[];
  next: string | undefined;
}

const TRACES = 'api/3.0/mlflow/traces';
export const TRACES_A_PAGE = 100;
/** The most that MLflow gives at once. */
const MOST_A_PAGE = 500;
export const TRACES_A_DELETION = 100;
const LIVE_MS = 2_500;

async function searchTraces({ workspace, experiments, filter, order }: TraceQuestion, size: number, token: string | undefined, signal?: AbortSignal): Promise<TracePage> {
  const json = {
    locations: experiments.map((experiment_id) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } })), max_results: size,
    ...(filter ? { filter } : {}), ...(order.length > 0 ? { order_by: order } : {}), ...(token ? { page_token: token } : {}),
  };
  const answer = await askMlflow<{ traces?: TraceInfo[]; next_page_token?: string }>(workspace, 'POST', `${TRACES}/search`, { json, signal: signal ?? null });
  return { traces: (answer.traces ?? []).map((trace) => ({ ...trace, id: trace.trace_id })), next: answer.next_page_token || undefined };
}

export const tracePagesQuery = (question: TraceQuestion) =>
  infiniteQueryOptions({
    queryKey: ['traces', question],
    queryFn: ({ pageParam, signal }) => searchTraces(question, TRACES_A_PAGE, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: TracePage) => last.next,
    staleTime: 5_000,
    gcTime: 60_000,
    refetchInterval: (query) => (query.state.data?.pages.length === 1 && query.state.data.pages[0]?.traces.some(isLive) ? LIVE_MS : false),
  });

/** Ids of all traces that answer a question; while programs log, a page may tell again what the one before told. */
export async function allTraceIds(question: TraceQuestion): Promise<string[]> {
  const ids = new Set<string>();
  for (let token: string | undefined; ;) {
    const page: TracePage = await searchTraces(question, MOST_A_PAGE, token);
    for (const { id } of page.traces) ids.add(id);
    token = page.next;
    if (!token) return [...ids];
  }
}

/** How many traces these experiments have in all. */
export const traceCountQuery = (workspace: number, experiments: readonly string[]) =>
  queryOptions({
    queryKey: ['traces', 'count', workspace, experiments],
    queryFn: async ({ signal }) => {
      const json = { experiment_ids: experiments, view_type: 'TRACES', metric_name: 'trace_count', aggregations: [{ aggregation_type: 'COUNT' }] };
      const { data_points: points = [] } = await askMlflow<{ data_points?: Array<{ values?: Record<string, number> }> }>(workspace, 'POST', `${TRACES}/metrics`, { json, signal });
      return points.reduce((sum, { values }) => sum + (values?.['COUNT'] ?? 0), 0);
    },
    staleTime: 5_000,
  });

const LONGEST_MS = 3_600_000;

/** Whether a trace has not ended. */
export const isOpenTrace = ({ state }: TraceInfo): boolean => state === 'IN_PROGRESS';

/** Whether more of a trace may come at any moment: one that is open for an hour was left behind by its program. */
export const isLive = (trace: TraceInfo): boolean => isOpenTrace(trace) && Date.now() - Date.parse(trace.request_time ?? '') < LONGEST_MS;

const at = (id: string): string => `${TRACES}/${encodeURIComponent(id)}`;

export const traceQuery = (workspace: number, id: string) =>
  queryOptions({
    queryKey: ['trace', workspace, id],
    queryFn: async ({ signal }) => (await askMlflow<{ trace: { trace_info: TraceInfo } }>(workspace, 'GET', at(id), { signal })).trace.trace_info,
    refetchInterval: (query) => (query.state.data && isLive(query.state.data) ? LIVE_MS : false),
  });

/** The spans of a trace as they were written, wherever MLflow keeps them: what has come of one that is still written, too. */
export const spansQuery = (workspace: number, id: string, isGrowing: boolean) =>
  queryOptions({
    queryKey: ['trace', workspace, id, 'spans', isGrowing],
    queryFn: async ({ signal }): Promise<unknown[]> => {
      const answer = await askMlflow<unknown>(workspace, 'GET', 'ajax-api/3.0/mlflow/get-trace-artifact', { query: { request_id: id }, signal });
      if (!isRecord(answer) || !Array.isArray(answer['spans'])) throw new ApiError('What is kept of this trace cannot be read: it holds no list of spans. It was cut off, or written by something else than MLflow.', 0, 'trace-broken', {}, null);
      return answer['spans'];
    },
    refetchInterval: isGrowing ? LIVE_MS : false,
    structuralSharing: false, // ten thousand spans are not compared
    staleTime: 30_000,
    gcTime: 60_000,
    retry: false,
  });

export const tagTrace = (workspace: number, id: string, key: string, value: string) => askMlflow<unknown>(workspace, 'PATCH', `${at(id)}/tags`, { json: { key, value } });
export const untagTrace = (workspace: number, id: string, key: string) => askMlflow<unknown>(workspace, 'DELETE', `${at(id)}/tags`, { json: { key } });

/** Deletes these traces, which are of one of these experiments, for good. Returns how many there were. */
export async function deleteTraces(workspace: number, experiments: readonly string[], ids: readonly string[]): Promise<number> {
  let deleted = 0;
  for (const experiment_id of experiments) {
    deleted += (await askMlflow<{ traces_deleted?: number }>(workspace, 'POST', `${TRACES}/delete-traces`, { json: { experiment_id, request_ids: ids } })).traces_deleted ?? 0;
    if (deleted >= ids.length) break;
  }
  return deleted;
}

/** How long a trace took, in milliseconds; undefined while it is not known. */
export function tookMs({ execution_duration: text }: TraceInfo): number | undefined {
  const seconds = Number.parseFloat(text ?? '');
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

export const metadataOf = (trace: TraceInfo, key: string): string | undefined => trace.trace_metadata?.[key];
export const nameOfTrace = (trace: TraceInfo): string => trace.tags?.['mlflow.traceName'] || trace.trace_id;
export const experimentOf = (trace: TraceInfo): string | undefined => trace.trace_location?.mlflow_experiment?.experiment_id;

/** Tokens in, out and in all, where the trace tells of them. */
export function tokensOfTrace(trace: TraceInfo): { input: number; output: number; total: number } | undefined {
  try {
    const usage: unknown = JSON.parse(metadataOf(trace, 'mlflow.trace.tokenUsage') ?? 'null');
    if (!isRecord(usage)) return undefined;
    const [input, output] = [Number(usage['input_tokens'] ?? 0), Number(usage['output_tokens'] ?? 0)];
    return { input, output, total: Number(usage['total_tokens'] ?? input + output) };
  } catch {
    return undefined;
  }
}
