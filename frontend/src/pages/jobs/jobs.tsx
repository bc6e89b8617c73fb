import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { isRecord } from '../../api/client';
import { isOver, jobsQuery, reasonOf } from '../../api/jobs';
import { nameOf } from '../../api/session';
import type { Job } from '../../api/types';
import type { JobsSearch } from '../../app/router';
import { productName } from '../../app/appearance';
import { Top } from '../../app/top';
import { plural, t } from '../../i18n/words';
import { age, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { JobActs } from './job-acts';
import { JobDialog } from './job-dialog';
import { JobProgress } from './job-progress';
import { duration, nameOfKind, sentenceOfResult, stateOf, whatIsLeft } from './words';
import './jobs.css';

const STATES: ReadonlyArray<readonly [state: JobsSearch['state'], words: string]> = [[undefined, t('All')], ['running', t('Running')], ['failed', t('Failed')]];
const ASKED = { running: 'queued,running', failed: 'failed' } as const;

/** Is it running, and if not, why? */
export function Jobs() {
  const search = useSearch({ from: '/inside/jobs' });
  const navigate = useNavigate();
  const go = (change: Partial<JobsSearch>) => navigate({ to: '/jobs', search: ({ job: _, ...rest }) => Object.fromEntries(Object.entries({ ...rest, ...change }).filter(([, value]) => value !== undefined)) });
  const jobs = useInfiniteQuery(jobsQuery({ state: search.state && ASKED[search.state], project: search.project }));
  const found = jobs.data?.pages.flatMap((page) => page.results) ?? [];
  const filtered = search.state !== undefined || search.project !== undefined;
  return (
    <>
      <Top title={t('Jobs')}>
        {jobs.data && <span className="muted wide">{plural(jobs.data.pages[0]?.count ?? 0, '{n} job', '{n} jobs')}</span>}
        <span className="grow" />
        <span className="seg" role="group" aria-label={t('Which jobs')}>{STATES.map(([state, words]) => <button key={words} type="button" className={state === search.state ? 'on' : ''} aria-pressed={state === search.state} onClick={() => void go({ state })}>{words}</button>)}</span>
      </Top>
      <div className="table-scroll">
        {search.project !== undefined && <p className="page-notice"><button type="button" className="chip" onClick={() => void go({ project: undefined })}>{t('Of {project}', { project: found[0]?.project?.title ?? t('one project') })}<Icon name="close" /></button></p>}
        {jobs.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {jobs.isError && <Failure error={jobs.error} retry={() => void jobs.refetch()} what={t('The list of jobs')} />}
        {jobs.isSuccess && found.length === 0 && <None filtered={filtered} onAll={() => void go({ state: undefined, project: undefined })} />}
        {found.length > 0 && <JobTable jobs={found} onOpen={(job) => void go({ job })} />}
        {jobs.hasNextPage && <div className="more"><button type="button" className="btn" disabled={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>{t('Show older ones')}</button></div>}
      </div>
      {search.job && <JobDialog id={search.job} onClose={() => void go({})} onOpen={(job) => void go({ job })} />}
    </>
  );
}

const None = ({ filtered, onAll }: { filtered: boolean; onAll: () => void }) => (filtered
  ? <Empty art={<Icon name="clock" size={28} />} title={t('No job is like that')} acts={<button type="button" className="btn" onClick={onAll}>{t('Show all jobs')}</button>} />
  : <Empty art={<Icon name="clock" size={28} />} title={t('No jobs yet')} acts={<Link to="/projects" className="btn">{t('To the projects')}</Link>}>{t('Imports, exports and everything else that takes longer stands here, with its progress and its log.')}</Empty>);

function JobTable({ jobs, onOpen }: { jobs: readonly Job[]; onOpen: (id: string) => void }) {
  return (
    <table className="table">
      <thead><tr><th>{t('Job')}</th><th>{t('State')}</th><th className="wide">{t('What it says')}</th><th className="wide">{t('By@@who started a job')}</th><th className="num wide">{t('When')}</th><th className="tight"><span className="unseen">{t('Acts')}</span></th></tr></thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td><span className="job-name"><button type="button" className="job-open b cut" onClick={() => onOpen(job.id)}>{nameOfKind(job.kind)}</button>{job.project && <Link className="link muted small cut" to="/projects/$projectId/data" params={{ projectId: String(job.project.id) }}>{job.project.title}</Link>}{!isOver(job) && <span className="slim"><JobProgress job={job} /></span>}{job.state === 'failed' && <span className="slim small"><Outcome job={job} /></span>}</span></td>
            <td><State job={job} /></td>
            <td className="wide"><Outcome job={job} /></td>
            <td className="two wide">{job.actor ? nameOf(job.actor) : t('{product} itself', { product: productName() })}</td>
            <td className="num muted wide" title={moment(job.created_at)}>{age(job.created_at)}</td>
            <td className="tight"><JobActs job={job} onRetried={onOpen} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const State = ({ job }: { job: Job }) => {
  const { word, tone } = stateOf(job);
  return <Pill tone={tone}>{word}</Pill>;
};

/** The one thing worth saying in a row: how far it is, what came of it, why it failed. */
function Outcome({ job }: { job: Job }) {
  if (job.state === 'queued' || job.state === 'running') return <JobProgress job={job} />;
  if (job.state === 'failed') return <span className="bad job-said" title={reasonOf(job)}>{reasonOf(job)}</span>;
  if (job.state === 'cancelled') return <span className="muted">{whatIsLeft(job.kind)}</span>;
  const took = job.started_at && job.finished_at ? duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000) : '';
  return <span className="two">{[(isRecord(job.result) && sentenceOfResult(job.result)) || job.message, took && t('took {took}', { took })].filter(Boolean).join(', ')}</span>;
}
