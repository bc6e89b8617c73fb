import { queryOptions } from '@tanstack/react-query';
import { call, get, post, remove } from './client';
import type { Column, FilterItem, TaskPage, View, ViewData } from './types';

export const TASKS_A_PAGE = 100;

/** Which tasks, in which order: what a saved view stores and what the address holds. */
export interface TaskSelection {
  items: readonly FilterItem[];
  ordering: readonly string[];
}

const queryOf = ({ items, ordering }: TaskSelection) =>
  items.length === 0 && ordering.length === 0
    ? undefined
    : JSON.stringify({ filters: { conjunction: 'and', items }, ordering });

export const taskPageQuery = (project: number, selection: TaskSelection, page: number) =>
  queryOptions({
    queryKey: ['tasks', project, selection, page],
    queryFn: ({ signal }) =>
      get<TaskPage>('api/tasks/', { project, page, page_size: TASKS_A_PAGE, fields: 'task_only', query: queryOf(selection) }, signal),
    staleTime: 10_000,
  });

/** How many tasks a selection holds, without their rows. */
export const taskCountQuery = (project: number, selection: TaskSelection) =>
  queryOptions({
    queryKey: ['tasks', project, selection, 'count'],
    queryFn: async ({ signal }) =>
      (await get<TaskPage>('api/tasks/', { project, page: 1, page_size: 1, query: queryOf(selection) }, signal)).total,
    staleTime: 10_000,
  });

export const columnsQuery = (project: number) =>
  queryOptions({
    queryKey: ['columns', project],
    queryFn: async ({ signal }) => (await get<{ columns: Column[] }>('api/dm/columns', { project }, signal)).columns,
    staleTime: 30_000,
  });

export const viewsQuery = (project: number) =>
  queryOptions({ queryKey: ['views', project], queryFn: ({ signal }) => get<View[]>('api/dm/views/', { project }, signal) });

export const saveView = (project: number, data: ViewData) => post<View>('api/dm/views/', { project, data });
export const deleteView = (id: number) => remove(`api/dm/views/${id}/`);

/** Either these tasks, or all of a selection but these. */
export type Chosen = { all: false; included: readonly number[] } | { all: true; excluded: readonly number[] };

export type TaskAction = 'delete_tasks' | 'delete_tasks_annotations' | 'delete_tasks_predictions' | 'predictions_to_annotations';

export async function act(project: number, action: TaskAction, chosen: Chosen, selection: TaskSelection): Promise<{ processed_items?: number; detail?: string }> {
  const json = { selectedItems: chosen, filters: { conjunction: 'and', items: selection.items }, ordering: selection.ordering };
  return (await call<{ processed_items?: number; detail?: string }>('POST', 'api/dm/actions', { query: { id: action, project }, json })).body;
}
