import { queryOptions } from '@tanstack/react-query';
import { get } from './client';
import type { ProjectProgress } from './types';

const EVERY_MS = 60_000;

/** Days are those of this machine's zone. */
export const progressQuery = (project: number) =>
  queryOptions({
    queryKey: ['progress', project],
    queryFn: ({ signal }) => get<ProjectProgress>(`api/projects/${project}/progress/`, { utc_offset_minutes: -new Date().getTimezoneOffset() }, signal),
    refetchInterval: EVERY_MS,
  });
