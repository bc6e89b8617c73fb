import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { t } from '../i18n/words';
import { ApiError, get, isRecord, post } from './client';
import type { Job, LoggedJob, Paged } from './types';

const POLL_MS = 400;
const SLOWEST_POLL_MS = 3000;

const JOBS_A_PAGE = 50;
/** How often a list of jobs is asked for: while one runs, and while none does. A hidden page does not ask. */
const LIVELY_MS = 1_500;
const IDLE_MS = 20_000;

export const isOver = (job: Pick<Job, 'state'>): boolean => job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';

export interface JobSearch {
  state?: string | undefined;
  project?: number | undefined;
}

export const jobsQuery = (search: JobSearch) =>
  infiniteQueryOptions({
    queryKey: ['jobs', search],
    queryFn: ({ pageParam, signal }) => get<Paged<Job>>('api/jobs/', { ...search, page: pageParam, page_size: JOBS_A_PAGE }, signal),
    initialPageParam: 1,
    getNextPageParam: (last, pages) => (last.next ? pages.length + 1 : undefined),
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.results.some((job) => !isOver(job))) ? LIVELY_MS : IDLE_MS),
  });

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['jobs', 'one', id],
    queryFn: ({ signal }) => get<LoggedJob>(`api/jobs/${id}/`, {}, signal),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data) ? false : LIVELY_MS),
  });

/** How many jobs wait or run; asked for rarely while none does. */
export const runningJobsQuery = queryOptions({
  queryKey: ['jobs', 'running'],
  queryFn: async ({ signal }) => (await get<Paged<Job>>('api/jobs/', { state: 'queued,running', page_size: 1 }, signal)).count,
  refetchInterval: (query) => (query.state.data ? LIVELY_MS * 2 : IDLE_MS),
  staleTime: LIVELY_MS,
});

/** Asks a job to stop; it ends a little later, having undone what it did. */
export const cancelJob = (id: string) => post<Job>(`api/jobs/${id}/cancel/`);
/** The new job that does the same again. */
export const retryJob = (id: string) => post<Job>(`api/jobs/${id}/retry/`);

/**
 * Follows a job until it ends and returns its result. Raises ApiError when it failed or was cancelled, and "job-lost" when
 * the server could not be asked any more: then the job may still go on, and nobody should say that it did nothing.
 */
export async function followJob<R>(id: string, onChange: (job: Job<R>) => void, signal?: AbortSignal): Promise<R> {
  let heardAt = Date.now();
  for (let wait = POLL_MS; ; wait = Math.min(wait * 1.3, SLOWEST_POLL_MS)) {
    const job = await lookAt<R>(id, Date.now() - heardAt, signal);
    if (job) {
      heardAt = Date.now();
      onChange(job);
      if (job.state === 'done') return job.result as R;
      if (job.state === 'failed' || job.state === 'cancelled') throw new ApiError(reasonOf(job), 0, `job-${job.state}`, {}, job);
    }
    await pause(wait, signal);
  }
}

/** How long a job is asked for although no answer comes. */
const LOST_AFTER_MS = 60_000;

/** The job as it is now; nothing where the server cannot be reached for the moment. */
async function lookAt<R>(id: string, silent_ms: number, signal?: AbortSignal): Promise<Job<R> | undefined> {
  try {
    return await get<Job<R>>(`api/jobs/${id}`, {}, signal);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error; // it was stopped
    if (isPassing(error) && silent_ms < LOST_AFTER_MS) return undefined;
    throw new ApiError(t('It goes on, but it cannot be watched from here any more. {why} The page Jobs says how it ends.', { why: error.message }), error.status, 'job-lost', {}, error.body);
  }
}

/** No answer, an answer of a proxy that found no server, or a server that asks for patience. */
const isPassing = ({ status }: ApiError): boolean => status === 0 || status === 429 || status >= 500;

/** Why a job ended without a result, in a sentence. */
export function reasonOf(job: Job): string {
  if (job.state === 'cancelled') return t('It was stopped. Nothing was changed.');
  if (typeof job.error === 'string' && job.error) return job.error;
  if (isRecord(job.error)) return String(job.error['detail'] ?? job.error['message'] ?? job.message ?? '');
  return job.message || t('It failed, and the server did not say why.');
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('Stopped', 'AbortError'));
    }, { once: true });
  });
}
