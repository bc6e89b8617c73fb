import { queryOptions } from '@tanstack/react-query';
import { call, get, patch, post, type Query, remove } from './client';
import type { Column, FilterItem, TaskPage, View, ViewData, WholeTask } from './types';

export const TASKS_A_PAGE = 100;

/** Which tasks, in which order: what a saved view stores and what the address holds. */
export interface TaskSelection {
  items: readonly FilterItem[];
  ordering: readonly string[];
  /** Whether a task must fit all items or any; all where it is left out. */
  conjunction?: 'and' | 'or';
}

const filtersOf = ({ items, conjunction = 'and' }: TaskSelection) => ({ conjunction, items });

const queryOf = (selection: TaskSelection) =>
  selection.items.length === 0 && selection.ordering.length === 0
    ? undefined
    : JSON.stringify({ filters: filtersOf(selection), ordering: selection.ordering });

/** The server may tell totals of a large project that are a minute old; who changed many tasks wants them of now. */
const OLDEST_TOTAL_MS = 60_000;
let changedAt = Number.NEGATIVE_INFINITY;
const countedSince = new Set<string>();

/** Many tasks were changed here: the next answer to each question counts anew. */
export function countAnew(): void {
  changedAt = Date.now();
  countedSince.clear();
}

async function askTasks(query: Query, signal: AbortSignal): Promise<TaskPage> {
  const question = String(query['query'] ?? '');
  const isAnew = Date.now() - changedAt < OLDEST_TOTAL_MS && !countedSince.has(question);
  const { body } = await call<TaskPage>('GET', 'api/tasks/', { query, signal, ...(isAnew ? { headers: { 'Cache-Control': 'no-cache' } } : {}) });
  if (isAnew) countedSince.add(question);
  return body;
}

/** How many rows a page holds, and whether they come with their annotations and predictions. */
export interface PageKind {
  size: number;
  isWhole: boolean;
}

const BRIEF: PageKind = { size: TASKS_A_PAGE, isWhole: false };
const PAGE_KEPT_MS = 20_000;

export const taskPageQuery = (project: number, selection: TaskSelection, page: number, { size, isWhole }: PageKind = BRIEF) =>
  queryOptions({
    queryKey: ['tasks', project, selection, page, size, isWhole],
    queryFn: ({ signal }) =>
      askTasks({ project, page, page_size: size, fields: isWhole ? 'all' : 'task_only', query: queryOf(selection) }, signal),
    staleTime: 10_000,
    gcTime: PAGE_KEPT_MS, // out of a million rows only those around the view stay in memory
  });

/** One task with all the work on it. */
export const taskQuery = (id: number) =>
  queryOptions({ queryKey: ['tasks', 'one', id], queryFn: ({ signal }) => get<WholeTask>(`api/tasks/${id}/`, {}, signal), staleTime: 5_000, gcTime: PAGE_KEPT_MS });

/** How many tasks a selection holds, without their rows. */
export const taskCountQuery = (project: number, selection: TaskSelection) =>
  queryOptions({
    queryKey: ['tasks', project, selection, 'count'],
    queryFn: async ({ signal }) =>
      (await askTasks({ project, page: 1, page_size: 1, query: queryOf(selection) }, signal)).total,
    staleTime: 10_000,
  });

/** What hangs on the chosen tasks of a selection. */
export const chosenTotalsQuery = (project: number, selection: TaskSelection, chosen: Chosen) =>
  queryOptions({
    queryKey: ['tasks', project, selection, 'chosen', chosen],
    queryFn: ({ signal }) => {
      const query = JSON.stringify({ filters: filtersOf(selection), ordering: [], selectedItems: chosen });
      return askTasks({ project, page: 1, page_size: 1, query }, signal);
    },
    staleTime: 5_000,
  });

export const columnsQuery = (project: number) =>
  queryOptions({
    queryKey: ['columns', project],
    queryFn: async ({ signal }) => (await get<{ columns: Column[] }>('api/dm/columns', { project }, signal)).columns,
    staleTime: 30_000,
  });

export const viewsQuery = (project: number) =>
  queryOptions({ queryKey: ['views', project], queryFn: ({ signal }) => get<View[]>('api/dm/views/', { project }, signal) });

export const saveView = (project: number, data: ViewData, isPrivate = false) => post<View>('api/dm/views/', { project, data, is_private: isPrivate });
/** Changes the parts of a view that are given; the rest of it stays. */
export const changeView = (id: number, change: { data?: ViewData; is_private?: boolean }) => patch<View>(`api/dm/views/${id}/`, change);
export const orderViews = (project: number, ids: readonly number[]) => post<unknown>('api/dm/views/order/', { project, ids });
export const deleteView = (id: number) => remove(`api/dm/views/${id}/`);

/** Either these tasks, or all of a selection but these. */
export type Chosen = { all: false; included: readonly number[] } | { all: true; excluded: readonly number[] };

export type TaskAction = 'delete_tasks' | 'delete_tasks_annotations' | 'delete_tasks_predictions' | 'predictions_to_annotations' | 'retrieve_tasks_predictions' | 'assign_annotators' | 'unassign_annotators';

/** What a bulk action became: a job to follow, or done at once. */
export interface Acted {
  job?: string | null;
  deletion?: number | string | null;
  processed_items?: number;
  detail?: string;
}

/** What an action may be told beyond the tasks. */
export interface ActionWish {
  /** Whom to assign or unassign. */
  users?: readonly number[];
  /** Predictions of this model alone. */
  model_version?: string;
  /** Annotations of this person alone. */
  annotator?: number;
}

/** Does something to the chosen tasks of a selection, as a job. */
export async function act(project: number, action: TaskAction, chosen: Chosen, selection: TaskSelection, wish: ActionWish = {}): Promise<Acted> {
  const json = { selectedItems: chosen, filters: filtersOf(selection), ordering: selection.ordering, ...wish };
  return (await call<Acted>('POST', 'api/dm/actions/', { query: { id: action, project }, json, headers: { Prefer: 'respond-async' } })).body;
}
