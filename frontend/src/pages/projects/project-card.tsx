import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { address, thumbnailAddress } from '../../api/addresses';
import { taskPageQuery } from '../../api/tasks';
import type { Project, TaskRow } from '../../api/types';
import { may, useWorkspace } from '../../app/workspace';
import { ago, count, counted } from '../../ui/format';
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
        <h2><Link to="/projects/$projectId/data" params={{ projectId: id }} className="cut">{project.title || 'Untitled'}</Link></h2>
        <p className="about two">{project.description || labelsOf(project)}</p>
        {total > 0 ? (
          <>
            <Meter share={due > 0 ? done / due : 1} wide tone={open === 0 ? 'good' : ''} />
            <div className="row figures">
              <span className="cut">{open > 0 ? <><b className="b">{count(open)}</b> <span className="muted">{done > 0 ? `of ${count(due)} ` : ''}to label</span></> : <span className="muted">{counted(done, 'task')} labelled</span>}</span>
              <span className="grow" />
              {open > 0 ? may(workspace, 'label') && <a className="btn small" href={address(`projects/${id}/label`)} ><span>Label next<span className="unseen"> of {project.title}</span></span><Icon name="arrow" /></a> : <Pill tone="good">done</Pill>}
            </div>
          </>
        ) : (
          <div className="row figures"><span className="muted">No tasks yet</span><span className="grow" />{may(workspace, 'edit') && <Link className="btn small" to="/projects/$projectId/data" params={{ projectId: id }} search={{ open: 'import' }}>Import</Link>}</div>
        )}
        <p className="muted small">Made {ago(project.created_at) === 'now' ? 'just now' : `${ago(project.created_at)} ago`}{project.total_predictions_number ? ` · ${counted(project.total_predictions_number, 'prediction')}` : ''}</p>
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
  if (labels.length === 0) return 'No labels yet';
  return `${labels.slice(0, 5).join(', ')}${labels.length > 5 ? ` and ${labels.length - 5} more` : ''}`;
}
