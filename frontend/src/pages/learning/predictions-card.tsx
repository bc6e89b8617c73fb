import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { isRecord } from '../../api/client';
import { cancelJob, isOver, jobQuery, reasonOf } from '../../api/jobs';
import { type Backend, builtinsQuery, type Prelabelled, prelabelQuery, type PredictWhich, startPrelabel } from '../../api/learning';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Meter, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { JobProgress } from '../jobs/job-progress';
import { writeWhere } from '../tasks/filters';
import { FailuresDialog } from './failures-dialog';
import type { CardProps } from './learning';
import { useLearningAct } from './use-learning';
import { isDown, knowsNothing } from './words';

/** How far the model was asked, and what it had to say. */
export function PredictionsCard({ project, backend, edits }: CardProps) {
  const prelabel = useQuery(prelabelQuery(project.id, backend.id));
  const [isListing, setListing] = useState(false);
  const predict = useLearningAct(project.id, (which: PredictWhich) => startPrelabel(project.id, backend.id, which), ({ total }) => { if (total === 0) say('There is nothing to ask: every such task has its prediction.'); });
  const told = prelabel.data;
  const version = backend.serving_version;
  return (
    <section className="card" aria-labelledby="predictions">
      <div className="row card-head"><h2 id="predictions">Predictions</h2>{told && <span className="muted">{wordsOfVersion(told.version, backend)}</span>}<span className="grow" />{edits && told && <PredictMenu told={told} isBusy={predict.isPending || told.job !== null} onPredict={(which) => predict.mutate(which)} />}</div>
      {prelabel.isError && !told && <Failure error={prelabel.error} retry={() => void prelabel.refetch()} what="How far the model was asked" />}
      {prelabel.isPending && <Skeleton width="100%" height={60} />}
      {told && <Counts project={project.id} told={told} onFailures={() => setListing(true)} />}
      {!version && <Untrained project={project.id} backend={backend} hasFound={(told?.done ?? 0) > 0} />}
      <PrelabelJob project={project.id} backend={backend} told={told} job={told?.job ?? null} edits={edits} />
      {isListing && <FailuresDialog project={project} backend={backend} edits={edits} onClose={() => setListing(false)} />}
    </section>
  );
}

/** Whose predictions are counted. */
function wordsOfVersion(name: string, { serving_version: serving, versions }: Backend): string {
  const number = serving?.number ?? versions?.find((each) => each.name === name)?.number;
  if (number !== undefined) return `of version ${number}`;
  return name === 'untrained' ? 'of the untrained model' : name && `of ${name}`;
}

function Counts({ project, told, onFailures }: { project: number; told: Prelabelled; onFailures: () => void }) {
  const { done, nothing, failed, missing, version } = told;
  const all = done + nothing + failed + missing;
  const where = writeWhere([{ column: 'predictions_model_versions', operator: 'contains', value: version }]) ?? '';
  return (
    <>
      <Meter share={all > 0 ? (done + nothing) / all : 0} wide tone={done > 0 && missing === 0 && failed === 0 ? 'good' : ''} />
      <dl className="figures-row predicted">
        <div><dt>Predicted</dt><dd>{done > 0 && version ? <Link className="link" to="/projects/$projectId/data" params={{ projectId: String(project) }} search={{ where }}>{count(done)}</Link> : count(done)}</dd></div>
        <div title="The model was asked, and found nothing"><dt>Nothing found</dt><dd>{count(nothing)}</dd></div>
        <div><dt>Failed</dt><dd>{failed > 0 ? <button type="button" className="link failed-count" onClick={onFailures} aria-label={`${counted(failed, 'task')} failed: see why`}>{count(failed)}</button> : '0'}</dd></div>
        <div><dt>Not asked yet</dt><dd>{count(missing)}</dd></div>
      </dl>
    </>
  );
}

/** What to expect of a model that has not learnt yet. */
function Untrained({ project, backend, hasFound }: { project: number; backend: Backend; hasFound: boolean }) {
  const builtins = useQuery({ ...builtinsQuery(project), enabled: backend.builtin !== '' }).data;
  const isBlank = knowsNothing(backend, builtins);
  if (hasFound || (backend.builtin !== '' && !isBlank)) return null;
  return <p className="muted small untrained-says">It is untrained. {isBlank ? 'It answers nothing before it has learnt' : 'Many models answer nothing before they have learnt'}: train it first, then predict.</p>;
}

const PredictMenu = ({ told, isBusy, onPredict }: { told: Prelabelled; isBusy: boolean; onPredict: (which: PredictWhich) => void }) => (
  <MenuTrigger>
    <Button className="btn" isDisabled={isBusy}>Predict<Icon name="down" size={12} /></Button>
    <Popover placement="bottom end" className="menu">
      <Menu aria-label="Predict" style={{ outline: 'none' }} onAction={(key) => onPredict(key as PredictWhich)} disabledKeys={[...(told.missing === 0 ? ['missing'] : []), ...(told.failed === 0 ? ['failed'] : [])]}>
        <MenuItem id="missing">{told.missing === 0 ? 'None is missing' : `${counted(told.missing, 'task')} not asked yet`}</MenuItem>
        <MenuItem id="failed">{told.failed === 0 ? 'None failed' : `${counted(told.failed, 'task')} that failed`}</MenuItem>
        <MenuItem id="all">All tasks</MenuItem>
      </Menu>
    </Popover>
  </MenuTrigger>
);

/** Classes of the model that are no labels, and how often each came: "lorry 12 times". */
function droppedIn(result: unknown): string {
  const dropped = isRecord(result) && isRecord(result['dropped']) ? result['dropped'] : {};
  return Object.entries(dropped).sort(([, a], [, b]) => Number(b) - Number(a)).map(([name, times]) => `${name} ${times === 1 ? 'once' : `${count(Number(times))} times`}`).join(', ');
}

/** The job that asks, while it does; then why it failed, where it did. */
function PrelabelJob({ project, backend, told, job: running, edits }: { project: number; backend: Backend; told: Prelabelled | undefined; job: string | null; edits: boolean }) {
  const [id, setId] = useState(running);
  useEffect(() => { if (running) setId(running); }, [running]);
  const job = useQuery({ ...jobQuery(id ?? ''), enabled: id !== null }).data;
  const client = useQueryClient();
  const isRunning = job !== undefined && !isOver(job);
  const was = useRef(false);
  useEffect(() => {
    if (was.current && !isRunning) void Promise.all([['learning', project], ['tasks'], ['project', project], ['projects'], ['model-versions', project]].map((queryKey) => client.invalidateQueries({ queryKey })));
    was.current = isRunning;
  }, [isRunning, project, client]);
  const stop = useLearningAct(project, (which: string) => cancelJob(which));
  // That it could not be reached holds until it is.
  const [isAway, setAway] = useState(false);
  const isGone = isDown(backend);
  useEffect(() => { if (isRunning) setAway(false); else if (isGone) setAway(true); }, [isRunning, isGone]);
  if (!job) return null;
  if (isRunning) return <div className="prelabel-job row" role="status"><span className="grow"><JobProgress job={job} /></span>{edits && <button type="button" className="btn" disabled={job.cancel_requested || stop.isPending} onClick={() => stop.mutate(job.id)}>{job.cancel_requested ? 'Stopping…' : 'Stop'}</button>}</div>;
  const dropped = job.state === 'done' ? droppedIn(job.result) : '';
  if (dropped) return <div className="prelabel-job"><Notice tone="warn">Left out, being no labels here: {dropped}.{edits && ' Under Settings you say which label each class stands for.'}</Notice></div>;
  if (job.state !== 'failed' || (isAway && !isGone)) return null;
  const missing = told?.missing ?? 0;
  if (isGone) return <div className="prelabel-job"><Notice tone="warn" live>It stopped, because the model does not answer{missing > 0 && <>: {counted(missing, 'task')} not asked yet. When it is back, press Predict</>}.</Notice></div>;
  return <div className="prelabel-job"><Notice tone="bad" live>{reasonOf(job)}{(told?.done ?? 0) > 0 && ' What was predicted by then stays.'}</Notice></div>;
}
