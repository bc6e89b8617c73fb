import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { createPortal } from 'react-dom';
import { address } from '../../api/addresses';
import { type Backend, backendsQuery, builtinsQuery, isTrainingOver, prelabelQuery, startPrelabel, trainingsQuery } from '../../api/learning';
import { projectQuery } from '../../api/projects';
import type { Project } from '../../api/types';
import { useKeys } from '../../app/keys';
import { useWish } from '../../app/wish';
import { may, useRoleIn } from '../../app/workspace';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { say } from '../../ui/toast';
import { useTopSlot } from '../project/top-slot';
import { usePhone } from '../tasks/use-phone';
import { CompareCard } from './compare-card';
import { ConnectChoices } from './connect-choices';
import { ConnectDialog } from './connect-dialog';
import { ConnectionCard } from './connection-card';
import { CheckedCard } from './findings';
import { PredictionsCard } from './predictions-card';
import { QualityCard } from './quality-card';
import { RulesCard } from './rules-card';
import { TrainDialog } from './train-dialog';
import { TrainingCard } from './training-card';
import { TrainingsCard } from './trainings-card';
import { useLearningAct } from './use-learning';
import { VersionsCard } from './versions-card';
import { firstTraining, knowsNothing, trainingsOf } from './words';
import '../jobs/jobs.css';
import '../progress/progress.css';
import './learning.css';

/** Is the next model better, and may it serve? */
export function LearningPage() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  const backends = useQuery(backendsQuery(id));
  const { backend: wanted } = useSearch({ strict: false }) as { backend?: number };
  if (backends.isError && !backends.data) return <div className="scroll"><Failure error={backends.error} retry={() => void backends.refetch()} what="The list of models" /></div>;
  if (!project || !backends.data) return <div className="scroll" aria-busy="true"><div className="learning"><div className="card"><Skeleton width="100%" height={260} /></div><div className="card"><Skeleton width="100%" height={260} /></div></div></div>;
  const chosen = backends.data.find((each) => each.id === wanted) ?? backends.data.find((each) => each.serving_version) ?? backends.data[0];
  if (!chosen) return <NoModel project={project} />;
  return <Learning key={chosen.id} project={project} backend={chosen} backends={backends.data} />;
}

/** No model yet: what one is for, and the ways to get one. */
function NoModel({ project }: { project: Project }) {
  const edits = may(useRoleIn(project.id), 'edit');
  return (
    <div className="scroll">
      {edits
        ? (
          <div className="narrow no-model">
            <Empty art={<Icon name="model" size={28} />} title="No model yet">A model labels ahead of you: you correct what it says, train it on what you corrected, and let the better one serve.</Empty>
            <ConnectChoices project={project} />
          </div>
        )
        : <Empty art={<Icon name="model" size={28} />} title="No model yet">Nobody connected a model to this project. An editor of the workspace can.</Empty>}
    </div>
  );
}

type Asked = 'connect' | 'train' | null;

/** All about one model of the project. */
function Learning({ project, backend, backends }: { project: Project; backend: Backend; backends: readonly Backend[] }) {
  const role = useRoleIn(project.id);
  const [edits, manages] = [may(role, 'edit'), may(role, 'manage')];
  const [asked, setAsked] = useState<Asked>(null);
  const trainings = useQuery(trainingsQuery(project.id));
  const { training: wanted } = useSearch({ strict: false }) as { training?: number };
  const navigate = useNavigate();
  const show = (search: { backend?: number; training?: number }) => void navigate({ to: '/projects/$projectId/learning', params: { projectId: String(project.id) }, search });
  const own = trainingsOf(backend.id, trainings.data ?? []);
  const training = own.find(({ id }) => id === wanted) ?? firstTraining(own);
  const shared = { project, backend, edits, manages };
  const isPhone = usePhone();
  const trains = edits && backend.can_train;
  useWish('train', () => { if (trains) setAsked('train'); });
  useWish('connect', () => { if (edits) setAsked('connect'); });
  const first = training
    ? <TrainingCard key={training.id} {...shared} training={training} number={own.length - own.indexOf(training)} onAgain={() => setAsked('train')} />
    : <NoTraining {...shared} isPending={trainings.isPending} error={trainings.error} retry={() => void trainings.refetch()} onTrain={() => setAsked('train')} />;
  const cards = {
    left: [first, <CompareCard key="compare" {...shared} trainings={own} />, <QualityCard key="quality" {...shared} />],
    right: [training && <CheckedCard key="checked" project={project} training={training} />, <VersionsCard key="versions" {...shared} trainings={own} />, <PredictionsCard key="predictions" {...shared} />, <TrainingsCard key="trainings" trainings={own} shown={training?.id} onShow={(id) => show({ backend: backend.id, training: id })} />, <RulesCard key="rules" {...shared} />],
  };
  return (
    <div className="scroll">
      <TopActs {...shared} onTrain={() => setAsked('train')} />
      <div className="learning-page">
        <ConnectionCard {...shared} backends={backends} onChoose={(id) => show({ backend: id })} onConnect={() => setAsked('connect')} />
        {isPhone
          ? <div className="learning-column">{cards.left.flatMap((card, at) => [card, ...(at === 1 ? cards.right.slice(1) : at === 0 ? cards.right.slice(0, 1) : [])])}</div>
          : <div className="learning"><div className="learning-column">{cards.left}</div><div className="learning-column">{cards.right}</div></div>}
      </div>
      {asked === 'connect' && <ConnectDialog project={project} onConnected={(made) => { setAsked(null); show({ backend: made.id }); }} onClose={() => setAsked(null)} />}
      {asked === 'train' && <TrainDialog project={project} backend={backend} manages={manages} before={training} onStarted={(made) => { setAsked(null); show({ backend: backend.id, training: made.id }); }} onClose={() => setAsked(null)} />}
    </div>
  );
}

export interface CardProps {
  project: Project;
  backend: Backend;
  edits: boolean;
  manages: boolean;
}

/** The acts of the page, in the bar over it. */
function TopActs({ project, backend, edits, onTrain }: CardProps & { onTrain: () => void }) {
  const prelabel = useQuery(prelabelQuery(project.id, backend.id)).data;
  const predict = useLearningAct(project.id, () => startPrelabel(project.id, backend.id, 'missing'), ({ total }) => say(total === 0 ? 'Every task has a prediction.' : `The model is asked for ${counted(total, 'task')}.`));
  const isTraining = useQuery(trainingsQuery(project.id)).data?.some((each) => each.backend === backend.id && !isTrainingOver(each)) ?? false;
  const builtins = useQuery({ ...builtinsQuery(project.id), enabled: backend.builtin !== '' }).data;
  const missing = knowsNothing(backend, builtins) ? 0 : (prelabel?.missing ?? 0);
  const canPredict = edits && missing > 0 && !prelabel?.job && !predict.isPending;
  const canTrain = edits && backend.can_train;
  useKeys({ ...(canPredict ? { p: () => predict.mutate() } : {}), ...(canTrain && !isTraining ? { t: onTrain } : {}) });
  return (
    <InTop>
      {edits && missing > 0 && <Tip text="Ask the model for every task that it has said nothing of" keys="P"><button type="button" className="btn wide" disabled={!canPredict} onClick={() => predict.mutate()}>{prelabel?.job ? 'Predicting…' : `Predict ${counted(missing, 'task')}`}</button></Tip>}
      {canTrain && <Tip text={isTraining ? 'It trains already: stop that training, or wait for it' : 'Train on what is labelled'} keys="T"><button type="button" className="btn primary" aria-disabled={isTraining} onClick={() => { if (!isTraining) onTrain(); }}>Train <kbd className="wide">T</kbd></button></Tip>}
    </InTop>
  );
}

function InTop({ children }: { children: ReactNode }) {
  const host = useTopSlot((state) => state.host);
  return host && createPortal(children, host);
}

interface NoTrainingProps extends CardProps {
  isPending: boolean;
  error: Error | null;
  retry: () => void;
  onTrain: () => void;
}

function NoTraining({ project, backend, edits, isPending, error, retry, onTrain }: NoTrainingProps) {
  const labels = may(useRoleIn(project.id), 'label');
  if (error) return <section className="card"><Failure error={error} retry={retry} what="The list of trainings" /></section>;
  if (isPending) return <section className="card" aria-busy="true"><Skeleton width="100%" height={240} /></section>;
  const labelled = project.num_tasks_with_annotations ?? 0;
  const train = edits && backend.can_train && <button type="button" className="btn" onClick={onTrain}>Train on {counted(labelled, 'task')}</button>;
  const acts = labelled > 0 ? train : backend.can_train && labels && <a className="btn" href={address(`projects/${project.id}/label`)}>Label next</a>;
  return (
    <section className="card">
      <Empty art={<Icon name="chart" size={28} />} title="Not trained yet" acts={acts || undefined}>
        {!backend.can_train ? 'This model only predicts: it has no training that can be asked for.' : labelled === 0 ? 'It learns from finished work, and nothing is labelled yet: label a few tasks, then train it.' : `It can learn from the work on ${count(labelled)} of ${counted(project.task_number ?? labelled, 'task')}. Before it starts, the page says what in the labels could mislead it.`}
      </Empty>
    </section>
  );
}
