import { Link } from '@tanstack/react-router';
import type { CSSProperties } from 'react';
import type { Project, ProjectProgress } from '../../api/types';
import { t } from '../../i18n/words';
import { count } from '../../ui/format';
import { type Filter, writeWhere } from '../tasks/filters';
import { labelColours } from '../tasks/task-kind';

type Row = ProjectProgress['labels'][number];

/** How often each label was given, those of the config that never were included. */
export function Labels({ project, labels }: { project: Project; labels: readonly Row[] }) {
  const colours = labelColours(project);
  const most = Math.max(1, ...labels.map((each) => each.count));
  const controls = [...Map.groupBy(withUnused(project, labels), (each) => each.control)];
  return (
    <section className="card" aria-labelledby="by-label">
      <h2 id="by-label">{t('By label')}</h2>
      {controls.length === 0 && <p className="muted">{t('The config gives out no labels.')}</p>}
      {controls.map(([control, rows]) => (
        <div key={control} className="label-group">
          {controls.length > 1 && <h3>{control}</h3>}
          <ul>
            {rows.map(({ label, count: times }) => (
              <li key={label} className="label-bar" style={{ '--c': colours.get(label) ?? 'var(--text-3)' } as CSSProperties}>
                <span className="row cut"><span className="sq" /><span className="cut" title={label}>{label}</span></span>
                <span className="bar" aria-hidden="true"><i style={{ width: `${(times / most) * 100}%`, ...(times === 0 ? { display: 'none' } : {}) }} /></span>
                {times > 0
                  ? <Link className="link num" to="/projects/$projectId/data" params={{ projectId: String(project.id) }} search={{ where: writeWhere([withLabel(label)]) ?? '' }} aria-label={t('{n} of {label}: see the tasks', { n: count(times), label })}>{count(times)}</Link>
                  : <span className={times === 0 ? 'num muted' : 'num'}>{count(times)}</span>}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** The tasks whose annotations hold the label: it stands in quotes in what is stored, as no part of a longer word does. */
const withLabel = (label: string): Filter => ({ column: 'annotations_results', operator: 'contains', value: JSON.stringify(label) });

/** The counts, most first in each control, with a 0 for each label of the config that nobody gave. */
export function withUnused(project: Pick<Project, 'parsed_label_config'>, labels: readonly Row[]): Row[] {
  const known = new Set(labels.map(({ control, label }) => `${control} ${label}`));
  const unused = Object.entries(project.parsed_label_config ?? {}).flatMap(([control, { labels: named }]) => named.filter((label) => !known.has(`${control} ${label}`)).map((label) => ({ control, label, count: 0 })));
  return [...labels].sort((a, b) => b.count - a.count).concat(unused);
}
