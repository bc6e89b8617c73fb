import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { isTrainingOver, type ModelVersion, modelVersionsOfQuery, promote, type Training } from '../../api/learning';
import { ago, count, counted, moment } from '../../ui/format';
import { Failure, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { writeWhere } from '../tasks/filters';
import type { CardProps } from './learning';
import { PromotionsDialog } from './promotions-dialog';
import { useLearningAct } from './use-learning';
import { evaluationOf, newestMeasured, score } from './words';

/** What the model can predict by, which of it serves, and the way to let another. */
export function VersionsCard({ project, backend, manages, trainings }: CardProps & { trainings: readonly Training[] }) {
  const versions = useQuery(modelVersionsOfQuery(project.id, backend.id));
  const [isLookingBack, setLookingBack] = useState(false);
  const serve = useLearningAct(project.id, (id: number | null) => promote(backend.id, id), ({ serving_version: now }) => say(now ? `Version ${now.number} serves.` : 'The untrained model serves.'));
  const found = [...(versions.data ?? [])].sort((a, b) => b.number - a.number);
  const isTraining = trainings.find((each) => !isTrainingOver(each));
  const isUntrained = versions.isSuccess && !found.some((each) => each.is_serving);
  const compared = useSearch({ strict: false, select: (search) => (search as { compare?: number }).compare }) ?? newestMeasured(found, trainings)?.id;
  return (
    <section className="card" aria-labelledby="versions">
      <div className="row card-head"><h2 id="versions">Versions</h2><span className="grow" />{found.some((each) => each.promoted_at) && <button type="button" className="btn ghost small" onClick={() => setLookingBack(true)}>What served when</button>}</div>
      {versions.isPending && <Skeleton width="60%" />}
      {versions.isError && !versions.data && <Failure error={versions.error} retry={() => void versions.refetch()} what="The list of versions" />}
      <ul className="model-versions">
        {isTraining && <li className="row"><b className="b">{Math.max(0, ...found.map(({ number }) => number)) + 1}</b><Pill tone="accent">training</Pill><span className="grow" /><span className="muted">now</span></li>}
        {found.map((each) => <VersionRow key={each.id} project={project.id} version={each} measuredOn={evaluationOf(each, trainings)?.task_count} canCompare={evaluationOf(each, trainings) !== null && each.id !== compared} manages={manages && backend.can_follow} isBusy={serve.isPending} onServe={() => serve.mutate(each.id)} />)}
        {versions.isSuccess && (isUntrained || found.length > 0) && (
          <li className="row wrap"><span className={isUntrained ? 'b' : 'two'}>untrained</span>{isUntrained ? <Pill tone="good">serving</Pill> : null}<span className="grow" />{isUntrained ? <span className="muted">{found.length === 0 ? 'the first training makes version 1' : ''}</span> : manages && backend.can_follow && <button type="button" className="btn" disabled={serve.isPending} onClick={() => serve.mutate(null)} aria-label="Serve again: the untrained model">Serve again</button>}</li>
        )}
      </ul>
      {found.filter(({ evaluation }) => evaluation?.value != null).length > 1 && <p className="muted small">Each score is of the tasks that were held out when that version was made{spanOf(found, trainings)}. They may differ: <i>Compare</i> tells whether they do.</p>}
      {versions.isSuccess && !backend.can_follow && <p className="muted small own-choice">Its protocol has no way to choose: it says itself which version answers. <span className="mono">treadle ml serve</span> runs its model.py unchanged, and can be told.</p>}
      {isLookingBack && <PromotionsDialog project={project.id} backend={backend.id} onClose={() => setLookingBack(false)} />}
    </section>
  );
}

/** How many tasks the scores are of, where that differs. */
function spanOf(versions: readonly ModelVersion[], trainings: readonly Training[]): string {
  const counts = versions.flatMap((each) => evaluationOf(each, trainings)?.task_count ?? []);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return counts.length > 1 && least < most ? ` (${count(least)} to ${count(most)})` : '';
}

interface RowProps {
  project: number;
  version: ModelVersion;
  /** How many held-out tasks its score is of. */
  measuredOn: number | undefined;
  canCompare: boolean;
  manages: boolean;
  isBusy: boolean;
  onServe: () => void;
}

function VersionRow({ project, version, measuredOn, canCompare, manages, isBusy, onServe }: RowProps) {
  const { id, number, name, is_serving: serves, evaluation, promoted_at: promoted, promoted_by: by, created_at: made, prediction_count: predictions } = version;
  const navigate = useNavigate();
  const compare = () => {
    void navigate({ to: '.', search: ((before: object) => ({ ...before, compare: id })) as never, replace: true });
    document.querySelector('#compare-card')?.scrollIntoView?.({ block: 'nearest' });
  };
  const when = serves && promoted ? promoted : made;
  return (
    <li className="row wrap">
      <b className="b" title={name}>{number}</b>
      {serves && <Pill tone="good">serving</Pill>}
      {evaluation?.value != null && <span className="muted" title={`${evaluation.metric}${measuredOn ? ` on ${counted(measuredOn, 'held-out task')}` : ''}`}>{score(evaluation.value)}</span>}
      {predictions > 0 && <Link className="link small" to="/projects/$projectId/data" params={{ projectId: String(project) }} search={{ where: writeWhere([{ column: 'predictions_model_versions', operator: 'contains', value: name }]) ?? '' }}>{counted(predictions, 'prediction')}</Link>}
      <span className="grow" />
      <span className="row version-acts">
        <span className="muted version-when" title={`${moment(when)}${by && serves ? `, ${by.name}` : ''}`}>{serves && promoted ? 'promoted ' : ''}{ago(when) === 'now' ? 'just now' : `${ago(when)} ago`}</span>
        {canCompare && <button type="button" className="btn" onClick={compare} aria-label={`Compare version ${number}`}>Compare</button>}
        {!serves && manages && <button type="button" className="btn" disabled={isBusy} onClick={onServe} aria-label={`${promoted ? 'Serve again:' : 'Serve'} version ${number}`}>{promoted ? 'Serve again' : 'Serve'}</button>}
      </span>
    </li>
  );
}
