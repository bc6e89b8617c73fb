import { call, get } from './client';
import type { ExportFile, ExportFormat, ImportCounts, Job } from './types';
import { followJob } from './jobs';
import { upload, type UploadProgress } from './upload';

export type ImportStage =
  | { at: 'sending'; sentBytes: number; totalBytes: number }
  | { at: 'reading'; done: number; total: number | null; message: string | null };

interface ImportWatch {
  signal?: AbortSignal;
  onStage: (stage: ImportStage) => void;
}

/** Sends files, or one pasted JSON value, and follows the import to its end. Raises ApiError; then nothing was added. */
export async function importInto(project: number, source: readonly File[] | { json: unknown }, watch: ImportWatch): Promise<ImportCounts> {
  const options = {
    headers: { Prefer: 'respond-async' },
    onProgress: (progress: UploadProgress) => watch.onStage({ at: 'sending', ...progress }),
    ...('json' in source ? { json: source.json } : { form: formOf(source) }),
    ...(watch.signal ? { signal: watch.signal } : {}),
  };
  const answer = await upload<ImportCounts | { job: string }>(`api/projects/${project}/import`, options);
  if (!('job' in answer.body)) return answer.body;
  return followJob<ImportCounts>(answer.body.job, (job) => watch.onStage(readingStage(job)), watch.signal);
}

function readingStage(job: Job): ImportStage {
  return { at: 'reading', done: job.progress?.done ?? 0, total: job.progress?.total ?? null, message: job.message };
}

function formOf(files: readonly File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append('file', file, file.name);
  return form;
}

export const exportFormats = (project: number) => get<ExportFormat[]>(`api/projects/${project}/export/formats`);

/** Has the server write an export and returns where its file lies. */
export async function exportFrom(
  project: number, format: string, everyTask: boolean, onProgress: (job: Job<ExportFile>) => void, signal?: AbortSignal,
): Promise<ExportFile> {
  const answer = await call<{ job: string }>('GET', `api/projects/${project}/export`, {
    query: { exportType: format, download_all_tasks: everyTask || undefined },
    headers: { Prefer: 'respond-async' },
    signal: signal ?? null,
  });
  return followJob<ExportFile>(answer.body.job, onProgress, signal);
}
