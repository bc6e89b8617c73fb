import { queryOptions } from '@tanstack/react-query';
import { ApiError, call, get, post } from './client';
import { followJob } from './jobs';
import type { Deletion, DeletedProject, Project } from './types';

/** What was deleted in a project and can still be brought back, newest first. */
export const deletionsQuery = (project: number) =>
  queryOptions({
    queryKey: ['deletions', project],
    queryFn: async ({ signal }) => (await get<{ results: Deletion[] }>(`api/projects/${project}/deletions/`, {}, signal)).results,
  });

export const deletedProjectsQuery = queryOptions({
  queryKey: ['deleted-projects'],
  queryFn: async ({ signal }) => (await get<{ results: DeletedProject[] }>('api/projects/deleted/', {}, signal)).results,
});

/** Brings back what one deletion took, and waits for it where it is long. Raises ApiError, "deletion-restored" when it is back already. */
export async function restoreDeletion(id: string | number): Promise<void> {
  const answer = await call<{ job?: string } | null>('POST', `api/deletions/${id}/restore/`, { headers: { Prefer: 'respond-async' } });
  if (answer.status !== 202 || !answer.body?.job) return;
  await followJob(answer.body.job, () => undefined).catch((error: unknown) => {
    // A deletion that still ran was stopped, and to be stopped is to bring everything back.
    if (!(error instanceof ApiError && error.code === 'job-cancelled')) throw error;
  });
}

export const restoreProject = (id: number) => post<Project>(`api/projects/${id}/restore/`);

/** The deletion that an answer to a DELETE names, so that it can be undone; null where the server keeps nothing. */
export const deletionOf = (headers: Headers): string | null => headers.get('Treadle-Deletion');
