import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { isOver, jobQuery } from '../../api/jobs';
import { nameOf } from '../../api/session';
import type { LoggedJob } from '../../api/types';
import { productName } from '../../app/appearance';
import { t } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { moment } from '../../ui/format';
import { Failure, Pill, Skeleton } from '../../ui/parts';
import { JobActs } from './job-acts';
import { JobProgress } from './job-progress';
import { JobResult } from './job-result';
import { duration, nameOfKind, stateOf } from './words';

/** One job: how far it is, what came of it, and its log while it is written. */
export function JobDialog({ id, onClose, onOpen }: { id: string; onClose: () => void; onOpen: (id: string) => void }) {
  const job = useQuery(jobQuery(id));
  const title = job.data ? `${nameOfKind(job.data.kind)}${job.data.project ? `: ${job.data.project.title}` : ''}` : t('Job');
  const foot = <><span className="grow" />{job.data && <JobActs job={job.data} onRetried={onOpen} />}<button type="button" className="btn" onClick={onClose}>{t('Close')}</button></>;
  return (
    <Dialog title={title} onClose={onClose} foot={foot} wide>
      {job.isPending && <Skeleton width="60%" height={16} />}
      {job.isError && <Failure error={job.error} retry={() => void job.refetch()} what={t('The job')} />}
      {job.data && <Details job={job.data} />}
    </Dialog>
  );
}

function Details({ job }: { job: LoggedJob }) {
  const { word, tone } = stateOf(job);
  return (
    <>
      <div className="row wrap" role="status"><Pill tone={tone}>{word}</Pill>{job.message && <span className="two">{job.message}</span>}</div>
      <JobProgress job={job} />
      <JobResult job={job} />
      <dl className="facts">
        <div><dt>{t('By@@who started a job')}</dt><dd>{job.actor ? nameOf(job.actor) : t('{product} itself', { product: productName() })}</dd></div>
        <div><dt>{t('Asked for')}</dt><dd>{moment(job.created_at)}</dd></div>
        {job.started_at && <div><dt>{job.finished_at ? t('Took') : t('Began')}</dt><dd>{job.finished_at ? duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000) : moment(job.started_at)}</dd></div>}
        {job.retry_of && <div><dt>{t('Does again')}</dt><dd className="mono">{job.retry_of.slice(0, 8)}</dd></div>}
        <div><dt>{t('Job')}</dt><dd className="mono">{job.id}</dd></div>
      </dl>
      <Log text={job.log} follows={!isOver(job)} />
    </>
  );
}

/** The log, kept at its end while lines are added. */
function Log({ text, follows }: { text: string; follows: boolean }) {
  const place = useRef<HTMLPreElement>(null);
  useEffect(() => { if (follows && place.current) place.current.scrollTop = place.current.scrollHeight; }, [text, follows]);
  if (!text) return <p className="muted small">{t('Its log is empty.')}</p>;
  return <pre className="log mono" ref={place} tabIndex={0} role="region" aria-label={t('Log')}>{text}</pre>;
}
