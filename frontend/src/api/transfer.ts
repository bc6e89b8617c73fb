import { call, get } from './client';
import type { ExportFile, ExportFormat, ImportCounts, Job } from './types';
import { cancelJob, followJob } from './jobs';
import { upload, type UploadProgress } from './upload';

export type ImportStage =
  | { at: 'sending'; sentBytes: number; totalBytes: number }
  | { at: 'reading'; done: number; total: number | null; message: string | null };

/** What the labels of a dataset in another format become. */
export type LabelsAs = 'annotations' | 'predictions';

interface ImportWatch {
  signal?: AbortSignal;
  onStage: (stage: ImportStage) => void;
}

/** Sends files, or one JSON value (tasks, or `{urls}`), and follows the import to its end. Raises ApiError; then nothing was added. Aborting asks the job to stop. */
export async function importInto(project: number, source: readonly File[] | { json: unknown }, watch: ImportWatch, labelsAs: LabelsAs = 'annotations'): Promise<ImportCounts> {
  const options = {
    query: { as: labelsAs === 'annotations' ? undefined : labelsAs },
    headers: { Prefer: 'respond-async' },
    onProgress: (progress: UploadProgress) => watch.onStage({ at: 'sending', ...progress }),
    ...('json' in source ? { json: source.json } : { form: formOf(source) }),
    ...(watch.signal ? { signal: watch.signal } : {}),
  };
  const answer = await upload<ImportCounts | { job: string }>(`api/projects/${project}/import`, options);
  if (!('job' in answer.body)) return answer.body;
  const { job } = answer.body;
  return stoppable(job, () => followJob<ImportCounts>(job, (now) => watch.onStage(readingStage(now)), watch.signal));
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

export interface ExportOrder {
  format: string;
  /** Also tasks that nobody has annotated. */
  everyTask: boolean;
  ids?: readonly number[];
  view?: number;
}

/** Has the server write an export and returns where its file lies. Aborting asks the job to stop. */
export async function exportFrom(project: number, order: ExportOrder, onProgress: (job: Job<ExportFile>) => void, signal?: AbortSignal): Promise<ExportFile> {
  const answer = await call<{ job: string }>('GET', `api/projects/${project}/export`, {
    query: { exportType: order.format, download_all_tasks: order.everyTask || undefined, ids: order.ids?.join(','), view: order.view },
    headers: { Prefer: 'respond-async' },
    signal: signal ?? null,
  });
  return stoppable(answer.body.job, () => followJob<ExportFile>(answer.body.job, onProgress, signal));
}

/** Follows a job; when the watching is aborted the job is asked to stop too. */
async function stoppable<R>(job: string, follow: () => Promise<R>): Promise<R> {
  try {
    return await follow();
  } catch (error) {
    if (error instanceof DOMException) await cancelJob(job).catch(() => undefined); // it may have ended meanwhile
    throw error;
  }
}
