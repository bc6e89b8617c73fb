import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import type { CSSProperties } from 'react';
import { type Evaluation, modelVersionsOfQuery, type Training } from '../../api/learning';
import { count, counted } from '../../ui/format';
import { labelColours } from '../tasks/task-kind';
import type { CardProps } from './learning';
import { change, newestMeasured, type Pair, pairOf, score, scoreRows, seenBy, toneOfChange } from './words';

/** A version beside the one that it must beat, label by label. */
export function CompareCard({ project, backend, trainings }: CardProps & { trainings: readonly Training[] }) {
  const versions = useQuery(modelVersionsOfQuery(project.id, backend.id)).data ?? [];
  const { compare } = useSearch({ strict: false }) as { compare?: number };
  const chosen = versions.find(({ id }) => id === compare) ?? newestMeasured(versions, trainings);
  const pair = chosen && pairOf(chosen, versions, trainings);
  if (!pair) return null;
  const { before, after } = pair;
  const beside = before.evaluation ? ` beside ${before.name}` : '';
  const earlier = before.name === 'untrained' ? 'before any training' : `by version ${before.name}`;
  return (
    <section className="card" aria-labelledby="compare" id="compare-card">
      <div className="row wrap card-head"><h2 id="compare">Version {after.name}{beside}</h2><span className="muted">{placeOf(pair)}</span></div>
      {after.evaluation.value === null ? <p className="two">{after.evaluation.reason || 'It could not be measured.'}</p> : <ScoreTable colours={labelColours(project)} pair={pair} />}
      {!pair.isSame && before.evaluation && <p className="muted small">Each was measured when it was made, on the tasks that were held out then ({count(before.evaluation.task_count)} and {count(after.evaluation.task_count)}): small differences say nothing.</p>}
      {(after.evaluation.failed_count ?? 0) > 0 && <p className="muted small">{counted(after.evaluation.failed_count ?? 0, 'held-out task')} could not be predicted, and count as wrong.</p>}
      {after.evaluation.macro_f1 != null && <p className="muted small">The labels’ F1 is {score(after.evaluation.macro_f1)} in the mean{before.evaluation?.macro_f1 != null ? `, ${score(before.evaluation.macro_f1)} ${earlier}` : ''}.</p>}
      {[seenBy(before.name, before.evaluation), seenBy(after.name, after.evaluation)].filter(Boolean).map((told) => <p key={told} className="muted small">{told}</p>)}
    </section>
  );
}

function placeOf({ after: { evaluation }, before, isSame }: Pair): string {
  const on = counted(evaluation.task_count, 'held-out task');
  return isSame ? `on the same ${on}` : before.evaluation ? 'on different held-out tasks' : `on ${on}`;
}

/** What the rows are measured by, where that is another figure than that of all. */
const headOf = ({ metric, macro_f1: macro }: Evaluation): string => (macro != null ? 'F1 of each label' : metric === 'mAP50' ? 'AP50 of each label' : 'Label');

function ScoreTable({ pair: { before, after, isSame }, colours }: { pair: Pair; colours: ReadonlyMap<string, string> }) {
  const isTwo = before.evaluation !== null;
  const [was, is] = [before.evaluation?.value ?? null, after.evaluation.value];
  return (
    <div className="score-scroll">
      <table className="table scores">
        <thead><tr><th>{headOf(after.evaluation)}</th>{isTwo && <th className="num">{before.name}</th>}<th className="num">{after.name}</th>{isTwo && <th className="num" title={`From ${before.name} to ${after.name}`}>Change</th>}<th className="num wide" title={`Of version ${after.name}`}>Precision</th><th className="num wide" title={`Of version ${after.name}`}>Recall</th><th className="num wide" title="How many there are in the held-out tasks">Count</th></tr></thead>
        <tbody>
          {scoreRows(before.evaluation, after.evaluation).map((row) => (
            <tr key={row.label}>
              <td className="main"><span className="row" style={{ '--c': colours.get(row.label) } as CSSProperties}>{colours.has(row.label) && <span className="sq" />}<span className="cut" title={row.label}>{row.label}</span></span></td>
              {isTwo && <td className="num">{score(row.before)}</td>}
              <td className="num">{score(row.after)}</td>
              {isTwo && <Change before={row.before} after={row.after} plain={!isSame} />}
              <td className="num wide two">{score(row.precision)}</td><td className="num wide two">{score(row.recall)}</td><td className="num wide muted">{count(row.support)}</td>
            </tr>
          ))}
          <tr className="all"><td className="b">All, {after.evaluation.metric}</td>{isTwo && <td className="num b">{score(was)}</td>}<td className="num b">{score(is)}</td>{isTwo && <Change before={was} after={is} plain={!isSame} strong />}<td className="wide" /><td className="wide" /><td className="wide" /></tr>
        </tbody>
      </table>
    </div>
  );
}

/** `plain`: of measurements that cannot be held against each other; it is no news, good or bad. */
function Change({ before, after, plain, strong = false }: { before: number | null; after: number | null; plain: boolean; strong?: boolean }) {
  if (before === null || after === null) return <td className="num muted">–</td>;
  return <td className={`num gain ${plain ? 'muted' : toneOfChange(after - before)}${strong ? ' b' : ''}`}>{change(after - before)}</td>;
}
