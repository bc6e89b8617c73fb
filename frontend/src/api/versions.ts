import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { addressOf, get } from './client';
import type { Commit } from './repos';
import type { TaskAnnotation } from './types';

/** A moment that a project's labels were committed at. */
export interface Version {
  commit: Commit;
  repo: number;
  repo_name: string;
  branch: string | null;
  tags: string[];
}

/** A project as it was at a commit of its labels. */
export interface PastProject {
  title: string;
  label_config: string;
  task_count: number;
  commit: Commit;
}

export interface PastTask {
  id: number;
  data: Record<string, unknown>;
  annotations: TaskAnnotation[];
}

const TASKS_A_PAGE = 100;

export const versionsQuery = (project: number) =>
  queryOptions({
    queryKey: ['versions', project],
    queryFn: async ({ signal }) => (await get<{ results: Version[] }>(`api/projects/${project}/versions/`, {}, signal)).results,
  });

export const pastProjectQuery = (project: number, ref: string) =>
  queryOptions({ queryKey: ['as-of', project, ref], queryFn: ({ signal }) => get<PastProject>(`api/projects/${project}/as-of/`, { ref }, signal) });

export const pastTasksQuery = (project: number, ref: string) =>
  infiniteQueryOptions({
    queryKey: ['as-of', project, ref, 'tasks'],
    queryFn: ({ pageParam, signal }) => get<{ results: PastTask[]; next: number | string | null }>(`api/projects/${project}/as-of/tasks/`, { ref, after: pageParam, limit: TASKS_A_PAGE }, signal),
    initialPageParam: null as number | string | null,
    getNextPageParam: (last) => last.next,
  });

/** One task as it was, wherever it stands among the others; null where it was not there then. */
export const pastTaskQuery = (project: number, ref: string, task: number) =>
  queryOptions({
    queryKey: ['as-of', project, ref, 'task', task],
    queryFn: async ({ signal }) => {
      const { results } = await get<{ results: PastTask[] }>(`api/projects/${project}/as-of/tasks/`, { ref, after: task - 1, limit: 1 }, signal);
      return results.find(({ id }) => id === task) ?? null;
    },
  });

/** Where an export of a project as it was is downloaded; the same bytes each time. */
export const pastExportAddress = (project: number, ref: string, format: string): string =>
  addressOf(`api/projects/${project}/export`, { exportType: format, as_of: ref, download_all_tasks: true });
