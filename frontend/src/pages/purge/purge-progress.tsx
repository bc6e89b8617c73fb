import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { cancelJob, isOver, jobQuery, reasonOf } from '../../api/jobs';
import type { Purged } from '../../api/purge';
import type { LoggedJob } from '../../api/types';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { JobProgress } from '../jobs/job-progress';
import { stateOf } from '../jobs/words';

/** A purge while it runs, and what came of it. */
export function PurgeProgress({ id, onDismiss }: { id: string; onDismiss: (() => void) | undefined }) {
  const client = useQueryClient();
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  const stop = useMutation({
    mutationFn: () => cancelJob(id),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['jobs', 'one', id] }),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const dismiss = onDismiss && <button type="button" className="btn ghost icon" aria-label="Close" onClick={onDismiss}><Icon name="close" /></button>;
  if (!job && error === null) return null;
  if (!job) {
    return (
      <div className="page-notice purge-progress" role="status">
        <Notice tone="bad"><span className="row"><span className="grow">How far the purge is cannot be told. {messageOf(error)}</span><button type="button" className="btn" onClick={() => void refetch()}>Try again</button>{dismiss}</span></Notice>
      </div>
    );
  }
  return (
    <div className="page-notice purge-progress" role="status">
      {isOver(job) ? <Notice tone={job.state === 'failed' ? 'bad' : ''}><span className="row"><span className="grow">{ending(job)}</span>{dismiss}</span></Notice> : (
        <div className="row wrap">
          <b className="b">{stateOf(job).word === 'Stopping' ? 'Stops after what it is at' : 'Frees deleted runs'}</b>
          <JobProgress job={job} />
          <span className="grow" />
          <button type="button" className="btn" disabled={stop.isPending || job.cancel_requested} onClick={() => stop.mutate()}>Stop</button>
        </div>
      )}
    </div>
  );
}

/** What became of a purge that is over. */
export function ending(job: LoggedJob): string {
  if (job.state === 'failed') return `It could not free everything. ${reasonOf(job)}`;
  if (job.state === 'cancelled') return 'It was stopped. What it had freed is gone. What it had taken and not freed cannot be restored any more, and goes with the next purge; the rest lies here as before.';
  const { experiments, runs, size_bytes, kept, kept_bytes, kept_for } = job.result as Purged;
  const freed = `Freed ${counted(runs, 'run')}, ${counted(experiments, 'experiment')} and ${bytes(size_bytes)} of files.`;
  if (kept === 0) return freed;
  const versions = kept_for.map(({ version }) => version).slice(0, 3).join(', ');
  return `${freed} ${bytes(kept_bytes)} stay, since registered models stand for them: ${versions}${kept > 3 ? ' and more' : ''}.`;
}
