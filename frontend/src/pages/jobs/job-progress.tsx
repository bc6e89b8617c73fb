import { useRef } from 'react';
import type { Job } from '../../api/types';
import { isOver } from '../../api/jobs';
import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Progress } from '../../ui/parts';
import { type Sample, secondsLeft, watched } from './rate';
import { duration, nameOfKind } from './words';

/** How far a job is and how long it still takes; nothing once it is over. */
export function JobProgress({ job }: { job: Job }) {
  const left = useSecondsLeft(job);
  if (isOver(job)) return null;
  const total = job.progress?.total || null;
  const share = total ? Math.min(1, (job.progress?.done ?? 0) / total) : undefined;
  return (
    <span className="job-progress">
      {job.state === 'running' && <Progress share={share} name={t('Progress: {what}', { what: nameOfKind(job.kind) })} />}
      <span className="muted small cut">{left !== undefined && left >= 2 ? t('{told}, {left} left', { told: told(job, total), left: duration(left) }) : told(job, total)}</span>
    </span>
  );
}

function told(job: Job, total: number | null): string {
  if (job.state === 'queued') return t('waits for its turn');
  if (total) return t('{done} of {due}', { done: count(job.progress?.done ?? 0), due: count(total) });
  return job.message || t('has begun');
}

function useSecondsLeft(job: Job): number | undefined {
  const seen = useRef<{ id: string; samples: Sample[] }>({ id: job.id, samples: [] });
  if (seen.current.id !== job.id) seen.current = { id: job.id, samples: [] };
  const done = job.progress?.done ?? 0;
  if (job.state === 'running' && seen.current.samples.at(-1)?.done !== done) seen.current.samples = watched(seen.current.samples, { at: Date.now(), done });
  return secondsLeft(seen.current.samples, job.progress?.total || null);
}
