import { queryOptions } from '@tanstack/react-query';
import { call, get, patch, post, type Query, remove } from './client';
import type { Chosen } from './tasks';
import type { FilterItem, Time } from './types';

/** A version of a model: as its backend calls it, and its number among those of the backend. */
export interface VersionRef {
  id: number;
  name: string;
  number: number;
}

export interface Named {
  id: number;
  name: string;
}

/** What becomes of a class that is no label: an error, a region without a label, nothing, or what a table says of each ("": unlabelled, null: dropped). */
export type UnknownLabels = 'error' | 'unlabelled' | 'drop' | Readonly<Record<string, string | null>>;

export type BackendSettings = Readonly<Record<string, unknown>> & { unknown_labels?: UnknownLabels };

export type AuthMethod = 'NONE' | 'BASIC_AUTH' | 'TOKEN';

/** A model that a project is connected to. */
export interface Backend {
  id: number;
  project: number;
  title: string;
  description: string;
  url: string;
  /** The name of a built-in one; empty: it is reached by its address alone. */
  builtin: string;
  /** Connected, disconnected, an error, training, predicting. */
  state: 'CO' | 'DI' | 'ER' | 'TR' | 'PR';
  readable_state: string;
  /** Why it is not connected. */
  error_message: string | null;
  is_interactive: boolean;
  auth_method: AuthMethod;
  basic_auth_user: string | null;
  basic_auth_pass_is_set: boolean;
  extra_params: unknown;
  model_version: string | null;
  /** Seconds. */
  timeout: number;
  settings: BackendSettings;
  /** treadle, current, old; empty: it never answered. */
  generation: string;
  hostname: string;
  checked_at: Time | null;
  serving_version: VersionRef | null;
  /** What its versions call themselves, and their numbers; the newest first. */
  versions: ReadonlyArray<Pick<VersionRef, 'name' | 'number'>>;
  can_train: boolean;
  can_follow: boolean;
}

/** One parameter of a built-in model, as its form asks for it. */
export interface Param {
  name: string;
  kind: 'int' | 'float' | 'choice' | 'text';
  default: string | number;
  least?: number | null;
  most?: number | null;
  choices?: readonly string[] | null;
  label: string;
  help: string;
}

/** A model that this server can run by itself. */
export interface Builtin {
  name: string;
  title: string;
  description: string;
  licence: string;
  /** Empty where it fits the label config; else why it does not. */
  fits: string;
  /** Whether this server starts it. */
  is_offered: boolean;
  is_installed: boolean;
  /** The command that installs what is missing. */
  install: string;
  connection: readonly Param[];
  training: readonly Param[];
  /** What a training may begin from, besides versions of the project. */
  starts: readonly string[];
}

/** What a backend is connected or changed with. */
export interface BackendDraft {
  url?: string;
  builtin?: string;
  title?: string;
  auth_method?: AuthMethod;
  basic_auth_user?: string;
  basic_auth_pass?: string;
  timeout?: number;
  hostname?: string;
  is_interactive?: boolean;
  settings?: Record<string, unknown>;
}

const LIVELY_MS = 1_500;
const IDLE_MS = 15_000;

export const backendsQuery = (project: number) =>
  queryOptions({ queryKey: ['learning', project, 'backends'], queryFn: ({ signal }) => get<Backend[]>('api/ml/', { project }, signal), refetchInterval: IDLE_MS });

export const builtinsQuery = (project: number) =>
  queryOptions({ queryKey: ['learning', project, 'builtins'], queryFn: ({ signal }) => get<Builtin[]>('api/learning/builtins/', { project }, signal), staleTime: 60_000 });

export const connectBackend = (project: number, draft: BackendDraft) => post<Backend>('api/ml/', { project, ...draft });
export const changeBackend = (id: number, draft: BackendDraft) => patch<Backend>(`api/ml/${id}/`, draft);
export const removeBackend = (id: number) => remove(`api/ml/${id}/`);
/** Asks it now how it is. */
export const checkBackend = (id: number) => post<Backend>(`api/ml/${id}/check/`);

// Predictions

export type PredictWhich = 'missing' | 'failed' | 'all';

/** What came of asking a backend for the tasks of its project. */
export interface Prelabelled {
  done: number;
  /** Asked, and it found nothing. */
  nothing: number;
  failed: number;
  missing: number;
  version: string;
  /** The job that asks now. */
  job: string | null;
}

export interface PredictFailure {
  task: number;
  version: string;
  problem: string;
  tries: number;
  at: Time;
}

export const prelabelQuery = (project: number, backend: number) =>
  queryOptions({
    queryKey: ['learning', project, 'prelabel', backend],
    queryFn: ({ signal }) => get<Prelabelled>('api/learning/prelabel/', { project, backend }, signal),
    refetchInterval: (query) => (query.state.data?.job ? LIVELY_MS : IDLE_MS),
  });

export const prelabelFailuresQuery = (project: number, backend: number, page: number) =>
  queryOptions({
    queryKey: ['learning', project, 'prelabel', backend, 'failures', page],
    queryFn: ({ signal }) => get<{ total: number; failures: PredictFailure[] }>('api/learning/prelabel/failures/', { backend, page }, signal),
  });

export const startPrelabel = (project: number, backend: number, only: PredictWhich, tasks?: readonly number[]) =>
  post<{ job: string; total: number }>('api/learning/prelabel/', { project, backend, only, ...(tasks ? { selectedItems: { all: false, included: tasks } satisfies Chosen } : {}) });

// Trainings

export interface Finding {
  code: string;
  severity: 'ok' | 'look' | 'stop';
  text: string;
  count: number;
  /** The first of those that it is about. */
  tasks: readonly number[];
}

export interface TrainingSpec {
  filters?: { conjunction: 'and' | 'or'; items: readonly FilterItem[] };
  /** A commit of the labels, such as "labels@v1": they are learnt from as they were then. */
  as_of?: string;
  settings: Readonly<Record<string, string | number>>;
  /** Share of the tasks that the model never sees. */
  held_out: number;
  seed: number;
  promote: 'never' | 'when_better';
}

export interface LabelScore {
  label: string;
  value: number | null;
  precision: number | null;
  recall: number | null;
  support: number;
}

/** How well a version did on tasks that it did not learn from. */
export interface Evaluation {
  /** mAP50, accuracy, F1; empty: it cannot be said, and `reason` says why. */
  metric: string;
  reason: string;
  value: number | null;
  task_count: number;
  /** Whether it may have learnt from them. */
  seen: boolean;
  /** From how many of them, where that is known. */
  seen_count?: number;
  version: string;
  labels: readonly LabelScore[];
  /** Of answers: the mean of the labels' F1. */
  macro_f1?: number | null;
  /** Tasks that it could not predict: they count as wrong. */
  failed_count?: number;
}

export type TrainingState = 'queued' | 'running' | 'stopping' | 'evaluating' | 'completed' | 'failed' | 'cancelled';

export interface Training {
  id: number;
  project: number;
  backend: number | null;
  state: TrainingState;
  cause: 'person' | 'count' | 'schedule' | 'webhook';
  spec: TrainingSpec;
  gate: readonly Finding[];
  override_reason: string;
  /** What came of it, in a sentence. */
  message: string;
  done: number;
  total: number;
  eta_s: number | null;
  task_count: number;
  held_out_count: number;
  evaluation: Evaluation | null;
  serving_evaluation: Evaluation | null;
  version: VersionRef | null;
  /** What served when it began. */
  serving_version: VersionRef | null;
  run: { run_id: string; experiment_id: string } | null;
  started_by: Named | null;
  created_at: Time;
  started_at: Time | null;
  ended_at: Time | null;
  job: string | null;
}

export interface GateAnswer {
  findings: readonly Finding[];
  task_count: number;
  held_out_count: number;
  labels: ReadonlyArray<{ label: string; count: number }>;
}

export type Points = ReadonlyArray<readonly [step: number, value: number]>;

export interface TrainingFigures {
  figures: Readonly<Record<string, Points>>;
  /** What the serving version reaches, by the name of the figure. */
  serving: Readonly<Record<string, number>>;
}

export const isTrainingOver = ({ state }: Pick<Training, 'state'>): boolean => state === 'completed' || state === 'failed' || state === 'cancelled';

export const trainingsQuery = (project: number) =>
  queryOptions({
    queryKey: ['learning', project, 'trainings'],
    queryFn: ({ signal }) => get<Training[]>('api/learning/trainings/', { project }, signal),
    refetchInterval: (query) => (query.state.data?.some((each) => !isTrainingOver(each)) ? LIVELY_MS : IDLE_MS),
  });

export const gateQuery = (project: number, backend: number, spec: TrainingSpec) =>
  queryOptions({
    queryKey: ['training-gate', project, backend, spec],
    queryFn: () => post<GateAnswer>('api/learning/trainings/gate/', { project, backend, spec }),
    staleTime: 10_000,
  });

export const figuresQuery = (training: Pick<Training, 'id' | 'project' | 'state'>) =>
  queryOptions({
    queryKey: ['learning', training.project, 'figures', training.id, isTrainingOver(training)],
    queryFn: ({ signal }) => get<TrainingFigures>(`api/learning/trainings/${training.id}/figures/`, {}, signal),
    refetchInterval: isTrainingOver(training) ? false : LIVELY_MS,
    ...(isTrainingOver(training) ? { staleTime: 60_000 } : {}),
  });

export interface LogPart {
  text: string;
  /** The byte to go on from. */
  next: number;
  is_over: boolean;
}

export const askLog = (training: number, from: number, signal?: AbortSignal) => get<LogPart>(`api/learning/trainings/${training}/log/`, { from }, signal);

export const startTraining = (project: number, backend: number, spec: TrainingSpec, override?: string) =>
  post<Training>('api/learning/trainings/', { project, backend, spec, ...(override ? { override } : {}) });
/** Ends it early; `keep`: what it learnt so far becomes a version. */
export const stopTraining = (id: number, keep: boolean) => post<Training>(`api/learning/trainings/${id}/cancel/`, { keep });

// Versions

export interface ModelVersion extends VersionRef {
  backend: number;
  is_serving: boolean;
  /** The training that made it. */
  training: number | null;
  evaluation: { metric: string; value: number | null } | null;
  created_at: Time;
  promoted_at: Time | null;
  promoted_by: Named | null;
  prediction_count: number;
  mlflow: { model: string; version: string } | null;
}

export interface Promotion {
  id: number;
  /** None: the untrained model. */
  version: VersionRef | null;
  previous: VersionRef | null;
  cause: 'person' | 'alias' | 'training';
  by: Named | null;
  at: Time;
}

export const modelVersionsOfQuery = (project: number, backend: number) =>
  queryOptions({ queryKey: ['learning', project, 'versions', backend], queryFn: ({ signal }) => get<ModelVersion[]>('api/learning/versions/', { project, backend }, signal), refetchInterval: IDLE_MS });

export const promotionsQuery = (project: number, backend: number) =>
  queryOptions({ queryKey: ['learning', project, 'promotions', backend], queryFn: ({ signal }) => get<Promotion[]>('api/learning/promotions/', { backend }, signal) });

/** Lets a version answer from now on; null: the model as it was before any training. */
export const promote = (backend: number, version: number | null) => post<Backend>('api/learning/versions/promote/', { backend, version });

// What people did with what it said

export interface Judged {
  kept: number;
  moved: number;
  relabelled: number;
  deleted: number;
  added: number;
}

export interface Quality {
  versions: ReadonlyArray<Judged & { version: string }>;
  labels: ReadonlyArray<Judged & { version: string; label: string }>;
  days: ReadonlyArray<Judged & { version: string; day: string }>;
}

export const qualityQuery = (project: number) =>
  queryOptions({ queryKey: ['learning', project, 'quality'], queryFn: ({ signal }) => get<Quality>('api/learning/quality/', { project }, signal), refetchInterval: IDLE_MS });

// What happens by itself

export interface Rules {
  backend: number | null;
  /** How it trains then; empty: as the model has it. */
  spec: Partial<TrainingSpec>;
  /** Train when so many annotations came since the last training. */
  train_after: number | null;
  train_every_hours: number | null;
  promote: 'never' | 'when_better';
  prelabel_after_promotion: boolean;
  order: 'off' | 'uncertainty' | 'diversity';
  order_after_promotion: boolean;
}

/** The rules, and what came of them. */
export interface RulesNow extends Rules {
  last_trained_at: Time | null;
  annotations_since: number;
  next_at: Time | null;
  /** Why it did not do what it should. */
  problem: string;
  hook_made_at: Time | null;
}

export const rulesQuery = (project: number) =>
  queryOptions({ queryKey: ['learning', project, 'rules'], queryFn: ({ signal }) => get<RulesNow>('api/learning/rules/', { project }, signal), refetchInterval: IDLE_MS * 2 });

const put = async <T>(path: string, json: unknown, query: Query): Promise<T> => (await call<T>('PUT', path, { json, query })).body;

export const changeRules = (project: number, rules: Rules) => put<RulesNow>('api/learning/rules/', rules, { project });
/** Asks anew which tasks would teach the most. */
export const refreshOrder = (project: number) => post<{ job: string }>('api/learning/order/', { project });
/** An address that trains when it is called; a former one ends. */
export const makeHook = (project: number) => post<{ url: string }>('api/learning/rules/hook/', { project });
export const endHook = async (project: number): Promise<void> => void (await call('DELETE', 'api/learning/rules/hook/', { query: { project } }));
