import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { addressOf, ApiError, call, type CallOptions, errorFrom, isRecord, networkError, parse } from './client';
import type { Figure, RunStatus } from './tracking';

/** MLflow's own addresses, as its client asks them: details of a run, its files, and the registry. Times are ms since 1970. */

export interface Pair {
  key: string;
  value: string;
}

export interface RunInfo {
  run_id: string;
  run_name?: string;
  experiment_id: string;
  user_id?: string;
  status: RunStatus;
  start_time?: number | string;
  end_time?: number | string;
  artifact_uri?: string;
  lifecycle_stage?: 'active' | 'deleted';
}

export interface LatestMetric {
  key: string;
  value: Figure;
  timestamp: number | string;
  step: number | string;
}

export interface DatasetInput {
  tags?: Pair[];
  dataset: { name: string; digest: string; source_type: string; source: string; schema?: string; profile?: string };
}

export interface Run {
  info: RunInfo;
  data: { metrics?: LatestMetric[]; params?: Pair[]; tags?: Pair[] };
  inputs?: { dataset_inputs?: DatasetInput[]; model_inputs?: Array<{ model_id: string }> };
  outputs?: { model_outputs?: Array<{ model_id: string; step?: number | string }> };
}

export interface ArtifactFile {
  path: string;
  is_dir: boolean;
  file_size?: number | string;
}

export interface LoggedModel {
  info: { model_id: string; name: string; experiment_id: string; status?: string; artifact_uri?: string; source_run_id?: string; model_type?: string; creation_timestamp_ms?: number | string };
}

export interface Alias {
  alias: string;
  version: string;
}

export interface RegisteredModel {
  name: string;
  creation_timestamp?: number | string;
  last_updated_timestamp?: number | string;
  description?: string;
  latest_versions?: ModelVersion[];
  tags?: Pair[];
  aliases?: Alias[];
}

export interface ModelVersion {
  name: string;
  version: string;
  creation_timestamp?: number | string;
  last_updated_timestamp?: number | string;
  user_id?: string;
  current_stage?: string;
  description?: string;
  source?: string;
  run_id?: string;
  model_id?: string;
  status?: string;
  status_message?: string;
  tags?: Pair[];
  aliases?: string[];
}

const header = (workspace: number) => ({ 'X-MLFLOW-WORKSPACE': `ws-${workspace}` });

/** One request to MLflow, at any of its addresses. Raises ApiError with MLflow's own words. */
export async function askMlflow<T>(workspace: number, method: string, address: string, options: CallOptions = {}): Promise<T> {
  try {
    return (await call<T>(method, address, { ...options, headers: header(workspace) })).body;
  } catch (error) {
    throw error instanceof ApiError ? inItsWords(error) : error;
  }
}

const ask = <T>(workspace: number, method: string, path: string, options: CallOptions = {}): Promise<T> => askMlflow<T>(workspace, method, `api/2.0/mlflow/${path}`, options);

function inItsWords(error: ApiError): ApiError {
  const body = error.body;
  if (!isRecord(body) || typeof body['message'] !== 'string') return error;
  return new ApiError(body['message'], error.status, String(body['error_code'] ?? error.code), error.fields, body);
}

const tell = (workspace: number, path: string, json: unknown) => ask<unknown>(workspace, 'POST', path, { json });

/** A run that ends is looked at once more; one that goes on every few seconds. */
const LIVE_MS = 2_500;

export const createExperiment = (workspace: number, name: string) => ask<{ experiment_id: string }>(workspace, 'POST', 'experiments/create', { json: { name } });
export const renameExperiment = (workspace: number, experiment_id: string, new_name: string) => tell(workspace, 'experiments/update', { experiment_id, new_name });
export const deleteExperiment = (workspace: number, experiment_id: string) => tell(workspace, 'experiments/delete', { experiment_id });
export const restoreExperiment = (workspace: number, experiment_id: string) => tell(workspace, 'experiments/restore', { experiment_id });

export const runQuery = (workspace: number, run: string) =>
  queryOptions({
    queryKey: ['run', workspace, run],
    queryFn: async ({ signal }) => (await ask<{ run: Run }>(workspace, 'GET', 'runs/get', { query: { run_id: run }, signal })).run,
    refetchInterval: (query) => (query.state.data?.info.status === 'RUNNING' ? LIVE_MS : false),
  });

export const renameRun = (workspace: number, run_id: string, run_name: string) => tell(workspace, 'runs/update', { run_id, run_name });
export const tagRun = (workspace: number, run_id: string, key: string, value: string) => tell(workspace, 'runs/set-tag', { run_id, key, value });
export const untagRun = (workspace: number, run_id: string, key: string) => tell(workspace, 'runs/delete-tag', { run_id, key });
export const deleteRun = (workspace: number, run_id: string) => tell(workspace, 'runs/delete', { run_id });
export const restoreRun = (workspace: number, run_id: string) => tell(workspace, 'runs/restore', { run_id });

interface ArtifactList {
  root_uri?: string;
  files?: ArtifactFile[];
  next_page_token?: string;
}

/** The files and folders in one folder of a run. */
export const artifactsQuery = (workspace: number, run: string, path: string) =>
  queryOptions({
    queryKey: ['artifacts', workspace, run, path],
    queryFn: async ({ signal }) => {
      const files: ArtifactFile[] = [];
      for (let token: string | undefined; ;) {
        const page: ArtifactList = await ask<ArtifactList>(workspace, 'GET', 'artifacts/list', { query: { run_id: run, path, page_token: token }, signal });
        files.push(...(page.files ?? []));
        token = page.next_page_token;
        if (!token) return files;
      }
    },
    staleTime: 10_000,
  });

export const artifactAddress = (run: string, path: string): string => addressOf('get-artifact', { run_uuid: run, path });

/** The bytes of a file of a run. Raises ApiError. */
export async function readArtifact(workspace: number, run: string, path: string, signal?: AbortSignal): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(artifactAddress(run, path), { headers: header(workspace), credentials: 'same-origin', signal: signal ?? null });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw networkError();
  }
  if (!response.ok) throw inItsWords(errorFrom(response.status, parse(await response.text())));
  return response.blob();
}

export const loggedModelQuery = (workspace: number, id: string) =>
  queryOptions({
    queryKey: ['logged-model', workspace, id],
    queryFn: async ({ signal }) => (await ask<{ model: LoggedModel }>(workspace, 'GET', `logged-models/${encodeURIComponent(id)}`, { signal })).model,
    staleTime: 30_000,
  });

/** A text within a search of MLflow, which knows no way to write a quote inside the same quotes. */
export const quoted = (text: string): string => (text.includes("'") ? `"${text}"` : `'${text}'`);

export const versionsOfRunQuery = (workspace: number, run: string) =>
  queryOptions({
    queryKey: ['model-versions', workspace, 'of-run', run],
    queryFn: async ({ signal }) => (await ask<{ model_versions?: ModelVersion[] }>(workspace, 'GET', 'model-versions/search', { query: { filter: `run_id = ${quoted(run)}`, max_results: 100 }, signal })).model_versions ?? [],
  });

const MODELS_A_PAGE = 100;

export const modelsQuery = (workspace: number | undefined, search: string) =>
  infiniteQueryOptions({
    queryKey: ['models', workspace, search],
    queryFn: ({ pageParam, signal }) => ask<{ registered_models?: RegisteredModel[]; next_page_token?: string }>(workspace as number, 'GET', 'registered-models/search', {
      query: { max_results: MODELS_A_PAGE, page_token: pageParam, filter: search ? `name ILIKE ${quoted(`%${search}%`)}` : undefined }, signal,
    }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_page_token || undefined,
    enabled: workspace !== undefined,
  });

export const modelQuery = (workspace: number, name: string) =>
  queryOptions({
    queryKey: ['models', workspace, 'one', name],
    queryFn: async ({ signal }) => (await ask<{ registered_model: RegisteredModel }>(workspace, 'GET', 'registered-models/get', { query: { name }, signal })).registered_model,
  });

export const versionsQuery = (workspace: number, name: string) =>
  infiniteQueryOptions({
    queryKey: ['model-versions', workspace, name],
    queryFn: ({ pageParam, signal }) => ask<{ model_versions?: ModelVersion[]; next_page_token?: string }>(workspace, 'GET', 'model-versions/search', {
      query: { filter: `name = ${quoted(name)}`, max_results: MODELS_A_PAGE, page_token: pageParam, order_by: 'version_number DESC' }, signal,
    }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next_page_token || undefined,
  });

export const createModel = (workspace: number, name: string, description: string) => tell(workspace, 'registered-models/create', { name, ...(description ? { description } : {}) });
export const deleteModel = (workspace: number, name: string) => ask<unknown>(workspace, 'DELETE', 'registered-models/delete', { json: { name } });
export const describeModel = (workspace: number, name: string, description: string) => ask<unknown>(workspace, 'PATCH', 'registered-models/update', { json: { name, description } });
export const tagModel = (workspace: number, name: string, key: string, value: string) => tell(workspace, 'registered-models/set-tag', { name, key, value });
export const untagModel = (workspace: number, name: string, key: string) => ask<unknown>(workspace, 'DELETE', 'registered-models/delete-tag', { json: { name, key } });
export const setAlias = (workspace: number, name: string, alias: string, version: string) => tell(workspace, 'registered-models/alias', { name, alias, version });
export const removeAlias = (workspace: number, name: string, alias: string) => ask<unknown>(workspace, 'DELETE', 'registered-models/alias', { json: { name, alias } });

export interface NewVersion {
  name: string;
  source: string;
  run_id: string;
  model_id?: string;
}

export const createVersion = async (workspace: number, wanted: NewVersion) => (await ask<{ model_version: ModelVersion }>(workspace, 'POST', 'model-versions/create', { json: wanted })).model_version;
export const describeVersion = (workspace: number, name: string, version: string, description: string) => ask<unknown>(workspace, 'PATCH', 'model-versions/update', { json: { name, version, description } });
export const deleteVersion = (workspace: number, name: string, version: string) => ask<unknown>(workspace, 'DELETE', 'model-versions/delete', { json: { name, version } });
export const tagVersion = (workspace: number, name: string, version: string, key: string, value: string) => tell(workspace, 'model-versions/set-tag', { name, version, key, value });
export const untagVersion = (workspace: number, name: string, version: string, key: string) => ask<unknown>(workspace, 'DELETE', 'model-versions/delete-tag', { json: { name, version, key } });
