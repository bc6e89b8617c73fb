import { Link } from '@tanstack/react-router';
import { initialsOf, nameOf } from '../../api/session';
import type { Project, ProjectProgress } from '../../api/types';
import { plural, t } from '../../i18n/words';
import { age, count, moment } from '../../ui/format';
import { Avatar, Meter } from '../../ui/parts';
import { writeWhere } from '../tasks/filters';

type Row = ProjectProgress['annotators'][number];

/** Who did how much, how fast, and when last. */
export function Annotators({ project, annotators }: { project: Project; annotators: readonly Row[] }) {
  const most = Math.max(1, ...annotators.map((each) => each.submitted));
  const rows = [...annotators].sort((a, b) => b.submitted - a.submitted);
  return (
    <section className="card" aria-labelledby="by-annotator">
      <h2 id="by-annotator">{t('By annotator')}</h2>
      <table className="table">
        <thead><tr><th>{t('Person')}</th><th className="num">{t('Annotations')}</th><th className="wide"><span className="unseen">{t('Share')}</span></th><th className="num wide">{t('Skipped')}</th><th className="num">{t('Each takes')}</th><th className="num wide">{t('Last@@when somebody labelled last')}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.user?.id ?? 0}>
              <td>{row.user ? <span className="row"><Avatar seed={row.user.email} initials={initialsOf(row.user)} /><span className="cut" title={row.user.email}>{nameOf(row.user)}</span></span> : <span className="muted">{t('Nobody known')}</span>}</td>
              <td className="num"><Count project={project} row={row} /></td>
              <td className="wide"><Meter share={row.submitted / most} /></td>
              <td className="num wide two">{count(row.skipped)}</td>
              <td className="num two">{took(row.mean_lead_time_s)}</td>
              <td className="num wide muted" title={row.last_at ? moment(row.last_at) : undefined}>{row.last_at ? age(row.last_at) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const Count = ({ project, row }: { project: Project; row: Row }) => (row.user
  ? <Link className="link" to="/projects/$projectId/data" params={{ projectId: String(project.id) }} search={{ where: writeWhere([{ column: 'annotators', operator: 'contains', value: String(row.user.id) }]) ?? '' }} aria-label={plural(row.submitted, '{n} annotation by {name}: see the tasks', '{n} annotations by {name}: see the tasks', { name: nameOf(row.user) })}>{count(row.submitted)}</Link>
  : <>{count(row.submitted)}</>);

function took(seconds: number | null): string {
  if (seconds === null) return '–';
  return seconds < 100 ? t('{n} s@@seconds', { n: seconds < 10 ? seconds.toFixed(1) : Math.round(seconds) }) : t('{n} min@@minutes', { n: (seconds / 60).toFixed(1) });
}
