import { queryOptions } from '@tanstack/react-query';
import { ApiError, call, get, isRecord, patch, post, remove } from './client';
import { followJob } from './jobs';
import type { ConfigProblem, Job, Paged, Project, TemplateList } from './types';

export interface ProjectSearch {
  workspace?: number | undefined;
  search?: string | undefined;
}

export const PROJECTS_A_PAGE = 100;

export const projectsQuery = ({ workspace, search }: ProjectSearch, page = 1) =>
  queryOptions({
    queryKey: ['projects', { workspace, search, page }],
    queryFn: ({ signal }) => get<Paged<Project>>('api/projects/', { workspace, search, page, page_size: PROJECTS_A_PAGE }, signal),
  });

export const projectQuery = (id: number) =>
  queryOptions({ queryKey: ['project', id], queryFn: ({ signal }) => get<Project>(`api/projects/${id}/`, {}, signal) });

/** How many predictions there are of each model version. */
export const modelVersionsQuery = (id: number) =>
  queryOptions({ queryKey: ['model-versions', id], queryFn: ({ signal }) => get<Record<string, number>>(`api/projects/${id}/model-versions/`, {}, signal) });

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: ({ signal }) => get<TemplateList>('api/templates/', {}, signal),
  staleTime: Infinity,
});

export type ProjectDraft = Partial<Project> & Pick<Project, 'title'>;

export const createProject = (draft: ProjectDraft) => post<Project>('api/projects/', draft);
export const changeProject = (id: number, change: Partial<Project>) => patch<Project>(`api/projects/${id}/`, change);
export const deleteProject = (id: number) => remove(`api/projects/${id}/`);

export interface Copy {
  mode: 'settings' | 'settings,data';
  title: string;
  workspace: number;
}

/** Makes a second project of one and answers its id once its tasks are there, or null where the server does not tell it. */
export async function duplicateProject(id: number, copy: Copy, onChange: (job: Job) => void): Promise<number | null> {
  const answer = await call<{ id?: number; job?: string }>('POST', `api/projects/${id}/duplicate/`, { json: copy, headers: { Prefer: 'respond-async' } });
  if (!answer.body.job) return answer.body.id ?? null;
  const made = await followJob<{ project?: number; id?: number } | null>(answer.body.job, onChange);
  return answer.body.id ?? made?.project ?? made?.id ?? null;
}

/** What is wrong with a label config, with the place of each mistake; an empty list when nothing is. */
export async function checkConfig(config: string, project?: number, signal?: AbortSignal): Promise<ConfigProblem[]> {
  const path = project === undefined ? 'api/projects/validate/' : `api/projects/${project}/validate/`;
  try {
    await call('POST', path, { json: { label_config: config }, signal: signal ?? null });
    return [];
  } catch (error) {
    if (error instanceof ApiError && error.status === 400) return problemsOf(error);
    throw error;
  }
}

/** The mistakes that a refused save or check names, wherever the body carries them. */
export function problemsOf(error: ApiError): ConfigProblem[] {
  const body = isRecord(error.body) ? error.body : {};
  const errors = body['errors'];
  if (Array.isArray(errors) && errors.length > 0) return errors as ConfigProblem[];
  return (error.fields['label_config'] ?? [error.message]).map((message) => ({ message, ...placeIn(message) }));
}

function placeIn(message: string): { line: number; column: number } {
  const found = /line (\d+),? (?:column (\d+))?/i.exec(message);
  return { line: Number(found?.[1] ?? 1), column: Number(found?.[2] ?? 1) };
}
