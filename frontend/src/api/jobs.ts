import { ApiError, get, isRecord } from './client';
import type { Job } from './types';

const POLL_MS = 400;
const SLOWEST_POLL_MS = 3000;

/** Follows a job until it ends and returns its result. Raises ApiError when it failed or was cancelled. */
export async function followJob<R>(id: string, onChange: (job: Job<R>) => void, signal?: AbortSignal): Promise<R> {
  for (let wait = POLL_MS; ; wait = Math.min(wait * 1.3, SLOWEST_POLL_MS)) {
    const job = await get<Job<R>>(`api/jobs/${id}`, {}, signal);
    onChange(job);
    if (job.state === 'done') return job.result as R;
    if (job.state === 'failed' || job.state === 'cancelled') throw new ApiError(reasonOf(job), 0, `job-${job.state}`, {}, job);
    await pause(wait, signal);
  }
}

/** Why a job ended without a result, in a sentence. */
export function reasonOf(job: Job): string {
  if (job.state === 'cancelled') return 'It was stopped. Nothing was changed.';
  if (typeof job.error === 'string' && job.error) return job.error;
  if (isRecord(job.error)) return String(job.error['detail'] ?? job.error['message'] ?? job.message ?? '');
  return job.message || 'It failed, and the server did not say why.';
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
