import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { address } from '../../api/addresses';
import { progressQuery } from '../../api/progress';
import { projectQuery } from '../../api/projects';
import type { Project, ProjectProgress } from '../../api/types';
import { may, useRoleIn } from '../../app/workspace';
import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Annotators } from './annotators';
import { ProgressChart } from './chart';
import { curveOf, dateOf, dayNumber, shownDay } from './curve';
import { forecastSentence } from './forecast';
import { Labels } from './labels';
import './progress.css';

/** How far, how fast, when done? */
export function ProgressPage() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  const progress = useQuery(progressQuery(id));
  const role = useRoleIn(id)?.role;
  const isOwn = role === 'annotator' && progress.data?.forecast.per_day === null; // they see their own work alone, and get no forecast
  if (progress.isError) return <div className="scroll"><Failure error={progress.error} retry={() => void progress.refetch()} what={t('The progress')} /></div>;
  if (!progress.data || !project) return <div className="scroll" aria-busy="true"><div className="progress-page"><div className="card whole"><Skeleton width="100%" height={300} /></div></div></div>;
  return (
    <div className="scroll">
      {!hasWork(progress.data, isOwn) ? <Nothing project={project} /> : (
        <div className="progress-page">
          <Finished project={project} progress={progress.data} isOwn={isOwn} />
          {progress.data.annotators.length > 0 && <Annotators project={project} annotators={progress.data.annotators} />}
          {!isOwn && <Labels project={project} labels={progress.data.labels} />}
        </div>
      )}
    </div>
  );
}

/** Whether there is anything to show; an annotator is shown nobody else's work, nor what came by import. */
function hasWork({ tasks, days, labels }: ProjectProgress, isOwn: boolean): boolean {
  return days.length > 0 || (!isOwn && (tasks.finished > 0 || tasks.started > 0 || labels.length > 0));
}

function Nothing({ project }: { project: Project }) {
  const role = useRoleIn(project.id);
  const id = String(project.id);
  const [empty, labels] = [project.task_number === 0, may(role, 'label')];
  const next = empty
    ? may(role, 'edit') && <Link className="btn" to="/projects/$projectId/data" params={{ projectId: id }} search={{ open: 'import' }}>{t('Import tasks')}</Link>
    : labels && <a className="btn" href={address(`projects/${id}/label`)}>{t('Label the first task')}</a>;
  return <Empty art={<Icon name="chart" size={28} />} title={t('Nothing is labelled yet')} acts={next}>{empty ? t('The project has no tasks. Import some, and the curve begins with the first annotation.') : t('The curve, the forecast and who did how much begin with the first annotation.')}</Empty>;
}

function Finished({ project, progress, isOwn }: { project: Project; progress: ProjectProgress; isOwn: boolean }) {
  const { tasks, days, forecast } = progress;
  const overlap = Math.max(1, project.maximum_annotations);
  const target = isOwn ? 0 : Math.max(days.reduce((all, each) => all + each.submitted, 0), tasks.total * overlap);
  const today = localDay(new Date());
  const curve = curveOf({ days, today, since: localDay(new Date(project.created_at)), finished: isOwn ? 0 : tasks.finished * overlap, target, doneOn: forecast.done_on });
  const sum = curve.days.at(-1)?.sum ?? 0;
  const sentence = forecastSentence({ ...progress, today, isOwn });
  const figures: Array<[string, number]> = [[t('Finished'), tasks.finished], [t('Begun'), Math.max(0, tasks.started - tasks.finished)], [t('Skipped'), tasks.skipped], [t('Tasks in all'), tasks.total]];
  return (
    <section className="card whole" aria-labelledby="finished">
      <h2 id="finished">{isOwn ? t('Your work') : t('Finished work')}</h2>
      <dl className="figures-row">{figures.map(([name, n]) => <div key={name}><dt>{name}</dt><dd>{count(n)}</dd></div>)}</dl>
      <ProgressChart curve={curve} target={target} name={t(curve.base > 0 ? 'Finished work up to each day: {n} by {day}. {forecast}' : 'Annotations submitted up to each day: {n} by {day}. {forecast}', { n: count(sum), day: shownDay(dayNumber(today), true), forecast: sentence })} />
      <p className="forecast">{sentence}</p>
      {days.length > 0 && (
        <details className="as-table">
          <summary>{t('As a table')}</summary>
          <div tabIndex={0} role="region" aria-label={t('Work by day')}>
            <table className="table">
              <thead><tr><th>{t('Day')}</th><th className="num">{t('Submitted')}</th><th className="num">{t('In all')}</th></tr></thead>
              <tbody>{[...curve.days].reverse().filter((each) => each.submitted > 0).map(({ day, submitted, sum: all }) => <tr key={day}><td><time dateTime={dateOf(day)}>{shownDay(day, true)}</time></td><td className="num">{count(submitted)}</td><td className="num">{count(all)}</td></tr>)}</tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}

function localDay(moment: Date): string {
  return dateOf(Math.floor((moment.getTime() - moment.getTimezoneOffset() * 60_000) / 86_400_000));
}
