import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { figuresQuery, isTrainingOver, modelVersionsOfQuery, promote, stopTraining, type Training } from '../../api/learning';
import { Dialog } from '../../ui/dialog';
import { ago, count, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Pill, Progress, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { duration } from '../jobs/words';
import { curvesOf, figure, nameOfFigure, type TrainingCurves } from './curves';
import type { CardProps } from './learning';
import { TrainingChart } from './training-chart';
import { TrainingLog } from './training-log';
import { useLearningAct } from './use-learning';
import { causeOf, nameOfBackend, score, seenBy, stateOfTraining, timeLeft, verdictOn } from './words';

/** One training, `number` of those of its model: how it goes beside what serves, what it learnt from, and what came of it. */
export function TrainingCard({ project, backend, training, number, edits, manages, onAgain }: CardProps & { training: Training; number: number; onAgain: () => void }) {
  const [isStopping, setStopping] = useState(false);
  const isOver = isTrainingOver(training);
  const { word, tone } = stateOfTraining(training);
  const left = isOver ? '' : timeLeft(training.eta_s);
  const name = nameOfBackend(backend);
  const next = Math.max(0, ...(useQuery(modelVersionsOfQuery(project.id, backend.id)).data ?? []).map(({ number }) => number)) + 1;
  return (
    <section className="card training" aria-labelledby="training">
      <div className="row wrap">
        <h2 id="training" className="cut">{isOver ? (training.version ? `${name}, version ${training.version.number}` : `Training ${number} of ${name}`) : `Training ${name}, version ${next}`}</h2>
        <span role="status"><Pill tone={tone}>{word}</Pill></span>
        <span className="grow" />
        <span className="row training-acts">
          {left && <span className="muted">{left}</span>}
          {isOver && training.ended_at && <span className="muted" title={moment(training.ended_at)}>{ago(training.ended_at) === 'now' ? 'just now' : `${ago(training.ended_at)} ago`}</span>}
          {!isOver && edits && <button type="button" className="btn" disabled={training.state === 'stopping'} onClick={() => setStopping(true)}>Stop…</button>}
          {isOver && training.state !== 'completed' && edits && <button type="button" className="btn" onClick={onAgain}><Icon name="again" />Train again…</button>}
        </span>
      </div>
      {training.state === 'failed' && <Notice tone="bad">{training.message || 'It failed, and the model did not say why: see the log.'} What serves goes on serving.</Notice>}
      {training.state === 'cancelled' && <Notice>{training.message || 'It was stopped.'} What serves goes on serving.</Notice>}
      {training.state === 'completed' && !training.version && <Notice tone="warn">{training.message || 'It ended without a new version: the model says that there is nothing new.'}</Notice>}
      <Verdict project={project} backend={backend} edits={edits} manages={manages} training={training} />
      <Curves training={training}><Facts workspace={project.workspace} training={training} /></Curves>
      {isStopping && <StopDialog training={training} canKeep={backend.can_follow} onClose={() => setStopping(false)} />}
    </section>
  );
}

/** May it serve? */
function Verdict({ project, backend, manages, training }: CardProps & { training: Training }) {
  const { version } = training;
  const serve = useLearningAct(project.id, () => promote(backend.id, version?.id ?? null), () => say(`Version ${version?.number} serves.`));
  const verdict = verdictOn(training);
  if (!verdict || !version) return null;
  const serves = backend.serving_version?.id === version.id;
  return (
    <div className="row wrap verdict">
      <span className={`grow verdict-text ${verdict.tone}`}>{verdict.text} {seenBy(String(version.number), training.evaluation)}</span>
      {serves ? <Pill tone="good">serving</Pill> : manages && backend.can_follow ? <button type="button" className="btn" disabled={serve.isPending} onClick={() => serve.mutate()}>{serve.isPending && <span className="turn" />}Let version {version.number} serve</button> : backend.can_follow && <span className="muted small">A manager can let it serve.</span>}
    </div>
  );
}

type Opened = 'table' | 'log' | null;

/** The curve, what `children` say of it, and all its values and the log for those who ask. */
function Curves({ training, children }: { training: Training; children: ReactNode }) {
  const told = useQuery(figuresQuery(training));
  const [wanted, setWanted] = useState<string>();
  const [opened, setOpened] = useState<Opened>(null);
  const isOver = isTrainingOver(training);
  const curves = told.data && curvesOf(told.data, wanted);
  const steps = curves && !isOver && training.total >= curves.lastStep ? { ...curves, lastStep: Math.max(curves.lastStep, training.total) } : curves;
  // One point is no curve.
  const isPoint = curves !== undefined && curves.firstStep === curves.lastStep;
  const toggle = (which: Opened) => setOpened(opened === which ? null : which);
  return (
    <>
      {told.isError && !told.data && <Notice tone="bad">{messageOf(told.error)}</Notice>}
      {told.isPending && <Skeleton width="100%" height={218} />}
      {steps?.main && (isPoint ? <p className="two no-curve">{isOver ? 'Its own figures while it learnt: ' : 'Its first figures: '}{pointOf(steps)}.</p> : <TrainingChart curves={steps} name={sentenceOf(steps)} />)}
      {curves && !curves.main && (isOver ? <p className="two no-curve">It told no figures while it learnt.</p> : <Waiting training={training} />)}
      {children}
      <div className="row wrap training-foot">
        {curves?.main && <button type="button" className="btn ghost small" aria-expanded={opened === 'table'} onClick={() => toggle('table')}><Icon name="rows" />As a table</button>}
        <button type="button" className="btn ghost small" aria-expanded={opened === 'log'} onClick={() => toggle('log')}><Icon name="log" />Log</button>
        <span className="grow" />
        {curves?.main && curves.names.length > 2 && <select className="input figure-choice" aria-label="Figure" value={curves.main.name} onChange={(event) => setWanted(event.target.value)}>{curves.names.map((name) => <option key={name} value={name}>{nameOfFigure(name)}</option>)}</select>}
      </div>
      {opened === 'table' && curves?.main && <FigureTable curves={curves} />}
      {opened === 'log' && <TrainingLog training={training.id} />}
    </>
  );
}

/** Before the first figure: whether it waits, or has begun. */
const Waiting = ({ training: { state, done, total, message } }: { training: Training }) => (
  <div className="waiting two">
    {state !== 'queued' && <Progress share={total > 0 ? done / total : undefined} name="Training" />}
    <p>{message || (state === 'queued' ? 'It waits for its turn. The curve begins with its first figure.' : 'It has begun. The curve begins with its first figure.')}</p>
  </div>
);

function sentenceOf({ main, loss, serving }: TrainingCurves): string {
  const last = main?.points.at(-1);
  const [now, lost] = [last && main ? `${nameOfFigure(main.name)} ${figure(last[1])} at step ${last[0]}` : '', loss?.points.at(-1)];
  return [now, serving !== undefined ? `what serves reaches ${score(serving)}` : '', loss && lost ? `${nameOfFigure(loss.name)} ${figure(lost[1])}` : ''].filter(Boolean).join(', ');
}

/** Figures that were told once, without their step. */
const pointOf = ({ main, loss }: TrainingCurves): string => [main, loss].flatMap((each) => { const last = each?.points.at(-1); return each && last ? [`${nameOfFigure(each.name)} ${figure(last[1])}`] : []; }).join(', ');

function FigureTable({ curves: { main, loss } }: { curves: TrainingCurves }) {
  const lines = [main, loss].flatMap((each) => (each ? [each] : []));
  const steps = [...new Set(lines.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => b - a);
  const at = lines.map(({ points }) => new Map(points.map(([step, value]) => [step, value])));
  return (
    <div className="figure-table" tabIndex={0} role="region" aria-label="Figures by step">
      <table className="table"><thead><tr><th>Step</th>{lines.map(({ name }) => <th key={name} className="num">{nameOfFigure(name)}</th>)}</tr></thead>
        <tbody>{steps.map((step) => <tr key={step}><td>{count(step)}</td>{at.map((values, index) => <td key={index} className="num">{values.has(step) ? figure(values.get(step) as number) : '–'}</td>)}</tr>)}</tbody></table>
    </div>
  );
}

/** What it learnt from, where it is kept, who began it. */
function Facts({ workspace, training }: { workspace: number; training: Training }) {
  const { task_count: tasks, held_out_count: held, run, serving_version: from, started_at: started, ended_at: ended } = training;
  const took = started && ended ? (Date.parse(ended) - Date.parse(started)) / 1000 : undefined;
  const facts = [
    tasks > 0 && <span key="tasks">{counted(tasks, 'labelled task')}</span>,
    held > 0 && <span key="held">{count(held)} held out</span>,
    from && <span key="from">{from.number} served then</span>,
    run && <span key="run">run <Link className="link mono" to="/runs/$runId" params={{ runId: run.run_id }} search={{ w: workspace }}>{run.run_id.slice(0, 6)}</Link></span>,
    took !== undefined && <span key="took">took {duration(took)}</span>,
    causeOf(training) && <span key="cause">{causeOf(training)}</span>,
  ].filter(Boolean);
  return <div className="row wrap muted training-facts">{facts}</div>;
}

function StopDialog({ training, canKeep, onClose }: { training: Training; canKeep: boolean; onClose: () => void }) {
  const stop = useLearningAct(training.project, (keep: boolean) => stopTraining(training.id, keep), onClose, true);
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={stop.isPending}>Let it train</button><span className="grow" /><button type="button" className="btn danger" disabled={stop.isPending} onClick={() => stop.mutate(false)}>Stop and drop it</button>{canKeep && <button type="button" className="btn primary" disabled={stop.isPending} onClick={() => stop.mutate(true)}>{stop.isPending && <span className="turn" />}Stop and keep it</button>}</>;
  return (
    <Dialog title="Stop this training?" onClose={onClose} foot={foot} busy={stop.isPending} urgent>
      <p>{canKeep ? 'Kept, what it learnt so far becomes a version, and is measured. Dropped, all of it is lost' : 'Its protocol has no way to keep what it learnt so far: it is followed no more, and no version comes of it'}{training.total > 0 ? `: ${count(Math.floor(training.done))} of ${count(training.total)} steps` : ''}. What serves goes on serving either way.</p>
      {stop.error && <Notice tone="bad" live>{messageOf(stop.error)}</Notice>}
    </Dialog>
  );
}
