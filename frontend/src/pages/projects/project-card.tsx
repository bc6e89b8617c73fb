import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { address, thumbnailAddress } from '../../api/addresses';
import { taskPageQuery } from '../../api/tasks';
import type { Project, TaskRow } from '../../api/types';
import { may, useWorkspace } from '../../app/workspace';
import { rich } from '../../i18n/rich';
import { plural, t } from '../../i18n/words';
import { count, since } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Meter, Pill } from '../../ui/parts';
import { TemplateArt } from '../new-project/template-art';

const PICTURES = 4;

/** A project, how far it is, and the way into its next task. */
export function ProjectCard({ project }: { project: Project }) {
  const total = project.task_number ?? 0;
  const done = project.finished_task_number ?? 0;
  const due = project.queue_total ?? total;
  const open = due - done;
  const id = String(project.id);
  const workspace = useWorkspace();
  return (
    <li className="project-card">
      <Link to="/projects/$projectId/data" params={{ projectId: id }} className="cover" tabIndex={-1} aria-hidden="true"><Cover project={project} /></Link>
      <div className="body">
        <h2><Link to="/projects/$projectId/data" params={{ projectId: id }} className="cut">{project.title || t('Untitled')}</Link></h2>
        <p className="about two">{project.description || labelsOf(project)}</p>
        {total > 0 ? (
          <>
            <Meter share={due > 0 ? done / due : 1} wide tone={open === 0 ? 'good' : ''} />
            <div className="row figures">
              <span className="cut">{open > 0 ? rich(done > 0 ? '<b>{open}</b> <muted>of {due} to label</muted>' : '<b>{open}</b> <muted>to label</muted>', { open: count(open), due: count(due), b: (words) => <b className="b">{words}</b>, muted: (words) => <span className="muted">{words}</span> }) : <span className="muted">{plural(done, '{n} task labelled', '{n} tasks labelled')}</span>}</span>
              <span className="grow" />
              {open > 0 ? may(workspace, 'label') && <a className="btn small" href={address(`projects/${id}/label`)} ><span>{rich('Label next<unseen> of {title}</unseen>', { title: project.title, unseen: (words) => <span className="unseen">{words}</span> })}</span><Icon name="arrow" /></a> : <Pill tone="good">{t('done@@of a project')}</Pill>}
            </div>
          </>
        ) : (
          <div className="row figures"><span className="muted">{t('No tasks yet')}</span><span className="grow" />{may(workspace, 'edit') && <Link className="btn small" to="/projects/$projectId/data" params={{ projectId: id }} search={{ open: 'import' }}>{t('Import')}</Link>}</div>
        )}
        <p className="muted small">{t('Made {when}', { when: since(project.created_at) })}{project.total_predictions_number ? ` · ${plural(project.total_predictions_number, '{n} prediction', '{n} predictions')}` : ''}</p>
      </div>
    </li>
  );
}

/** The first pictures of the project; for texts the first lines; where there are none, what its labels look like. */
function Cover({ project }: { project: Project }) {
  const tasks = useQuery({ ...taskPageQuery(project.id, { items: [], ordering: [] }, 1), enabled: (project.task_number ?? 0) > 0, staleTime: 60_000 });
  if (tasks.isLoading) return <span className="skel cover-wait" />;
  const pictures = (tasks.data?.tasks ?? []).map(pictureOf).filter((each) => each !== undefined).slice(0, PICTURES);
  if (pictures.length > 0) return <span className={`pictures of-${pictures.length}`}>{pictures.map((each) => <img key={each} src={each} alt="" loading="lazy" decoding="async" />)}</span>;
  const text = tasks.data?.tasks[0] && longestText(tasks.data.tasks[0]);
  return text ? <span className="text-cover">{text.slice(0, 300)}</span> : <span className="art-cover"><TemplateArt config={project.label_config} /></span>;
}

export function pictureOf(task: TaskRow): string | undefined {
  for (const value of Object.values(task.data)) {
    const thumbnail = typeof value === 'string' && /\.(jpe?g|png|gif|bmp|webp|tiff?)$/i.test(value) ? thumbnailAddress(value) : undefined;
    if (thumbnail) return thumbnail;
  }
  return undefined;
}

function longestText(task: TaskRow): string | undefined {
  const texts = Object.values(task.data).filter((value): value is string => typeof value === 'string' && !value.startsWith('/data/') && !/^https?:/.test(value));
  return texts.sort((a, b) => b.length - a.length)[0];
}

/** The labels that a project gives out, as a sentence. */
function labelsOf(project: Project): string {
  const labels = Object.values(project.parsed_label_config ?? {}).flatMap((control) => control.labels);
  if (labels.length === 0) return t('No labels yet');
  const first = labels.slice(0, 5).join(', ');
  return labels.length > 5 ? t('{labels} and {more} more', { labels: first, more: labels.length - 5 }) : first;
}
