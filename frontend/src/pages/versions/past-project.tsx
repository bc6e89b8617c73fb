import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { exportFormats } from '../../api/transfer';
import type { Project } from '../../api/types';
import { pastExportAddress, pastProjectQuery, type PastTask, pastTaskQuery, pastTasksQuery } from '../../api/versions';
import { Dialog } from '../../ui/dialog';
import { ago, count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Field, Notice, Skeleton } from '../../ui/parts';
import { LabelledView } from '../repos/content';
import { coloursOf } from '../repos/label-file';
import { LabelCounts } from '../tasks/columns';
import { fileNameOf, labelColours, type Subject, subjectOf, wordsFor } from '../tasks/task-kind';
import { tallyOf } from '../tasks/task-results';

interface PastProps {
  project: Project;
  /** The commit or tag of its labels, such as "labels@v1". */
  at: string;
}

/** A project as it was: its tasks and what was drawn on them, to look at and to export. */
export function PastProject({ project, at }: PastProps) {
  const projectId = String(project.id);
  const past = useQuery(pastProjectQuery(project.id, at));
  const tasks = useInfiniteQuery(pastTasksQuery(project.id, at));
  const { task: looked } = useSearch({ from: '/inside/projects/$projectId/versions' });
  const navigate = useNavigate();
  const [isExporting, setExporting] = useState(false);
  const found = tasks.data?.pages.flatMap((page) => page.results) ?? [];
  const colours = labelColours(project);
  const subject = subjectOf(project);
  const listed = looked === undefined ? (found.find(({ annotations }) => annotations.length > 0) ?? found[0]) : found.find(({ id }) => id === looked);
  const isFurther = looked !== undefined && tasks.isSuccess && !listed;
  const further = useQuery({ ...pastTaskQuery(project.id, at, looked ?? 0), enabled: isFurther });
  const chosen = listed ?? (isFurther ? further.data : undefined);
  const open = (task: number) => void navigate({ to: '/projects/$projectId/versions', params: { projectId }, search: { at, task }, replace: true });
  const failed = past.error ?? tasks.error;
  if (failed) return <Failure error={failed} retry={() => { void past.refetch(); void tasks.refetch(); }} what={`The project as of ${at}`} acts={<Link className="btn" to="/projects/$projectId/versions" params={{ projectId }}>All versions</Link>} />;
  return (
    <>
      <div className="past-bar row wrap">
        <Icon name="clock" />
        <span className="grow"><b className="b">{past.data?.title ?? project.title}</b> as of <span className="mono">{shown(at)}</span>{past.data && <span className="two">: {counted(past.data.task_count, 'task')}, {ago(past.data.commit.finished_at ?? past.data.commit.created_at) === 'now' ? 'committed just now' : `committed ${ago(past.data.commit.finished_at ?? past.data.commit.created_at)} ago`}. It can be looked at, not changed.</span>}</span>
        <button type="button" className="btn" onClick={() => setExporting(true)}><Icon name="download" />Export as it was</button>
        <Link className="btn ghost" to="/projects/$projectId/versions" params={{ projectId }}>All versions</Link>
      </div>
      <div className="past">
        <div className="past-list" role="region" aria-label="Tasks of then" tabIndex={0}>
          {tasks.isPending && <div className="col" style={{ gap: 16, padding: 16 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="80%" />)}</div>}
          {tasks.isSuccess && found.length === 0 && <Empty title="No tasks then">This version holds no labels.</Empty>}
          <ul>{found.map((task) => <li key={task.id}><button type="button" className={task === chosen ? 'past-row on' : 'past-row'} aria-pressed={task === chosen} onClick={() => open(task.id)}><span className="past-name"><span className="mono muted">{task.id}</span> <span className="cut">{nameOf(task, subject)}</span></span>{task.annotations.length > 0 ? <LabelCounts labels={tallyOf(task.annotations.flatMap(({ result }) => result))} colours={colours} /> : <span className="muted small">not labelled then</span>}</button></li>)}</ul>
          {tasks.hasNextPage && <div className="more"><button type="button" className="btn" disabled={tasks.isFetchingNextPage} onClick={() => void tasks.fetchNextPage()}>Show more</button></div>}
        </div>
        {chosen && <PastTaskView key={chosen.id} task={chosen} at={past.data?.commit.finished_at ?? undefined} colours={colours} />}
        {isFurther && !chosen && (
          <section className="past-task" aria-label={`Task ${looked}`}>
            {further.isPending && <Skeleton width="60%" />}
            {further.isError && <Failure error={further.error} retry={() => void further.refetch()} what={`Task ${looked}`} />}
            {further.isSuccess && <Empty title={`Task ${looked} was not here then`}>It came later, or it was deleted before. Choose another on the list.</Empty>}
          </section>
        )}
      </div>
      {isExporting && <ExportThen project={project} at={at} onClose={() => setExporting(false)} />}
    </>
  );
}

const MOST_LETTERS = 80;

/** What tells one task from another at a glance: its file, or how its words begin. */
const nameOf = (task: PastTask, subject: Subject): string => (subject.kind === 'picture' ? (fileNameOf(task, subject) ?? '') : wordsFor(task, subject).slice(0, MOST_LETTERS));

/** "labels@v1", or the name and the beginning of a commit's id. */
const shown = (at: string): string => at.replace(/@([0-9a-f]{32})$/, (_, id: string) => `@${id.slice(0, 8)}`);

function PastTaskView({ task, at, colours }: { task: PastTask; at: string | undefined; colours: ReadonlyMap<string, string> }) {
  const [chosen, setChosen] = useState(0);
  const annotation = task.annotations[chosen] ?? task.annotations[0];
  const results = annotation?.result ?? [];
  const all = new Map([...coloursOf(results), ...colours]);
  return (
    <section className="past-task" aria-label={`Task ${task.id}`}>
      <div className="row wrap"><h2>Task <span className="mono">{task.id}</span></h2><span className="grow" />
        {task.annotations.length > 1 && <span className="seg" role="group" aria-label="Annotations">{task.annotations.map((each, index) => <button key={each.id} type="button" className={each === annotation ? 'on' : ''} aria-pressed={each === annotation} onClick={() => setChosen(index)}>{index + 1}</button>)}</span>}
      </div>
      <LabelledView labelled={{ task: task.id, data: task.data, results, at }} colours={all} alt={`Task ${task.id}`} />
      <p className="two">{annotation ? `${counted(results.length, 'region')}${annotation.was_cancelled ? ', skipped' : ''}` : 'Not labelled then.'}</p>
    </section>
  );
}

/** Downloads the project in a format, byte for byte the same each time. */
function ExportThen({ project, at, onClose }: { project: Project; at: string; onClose: () => void }) {
  const formats = useQuery({ queryKey: ['export-formats', project.id], queryFn: () => exportFormats(project.id) });
  const [format, setFormat] = useState('JSON');
  const usable = (formats.data ?? []).filter((each) => !each.disabled);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Close</button><a className="btn primary" href={pastExportAddress(project.id, at, format)} download><Icon name="download" />Export {format.replaceAll('_', ' ')}</a></>;
  return (
    <Dialog title={`Export as of ${shown(at)}`} onClose={onClose} foot={foot}>
      {formats.isError && <Failure error={formats.error} retry={() => void formats.refetch()} what="The list of formats" />}
      <Field label="Format" hint={formats.data ? `${count(usable.length)} fit this project` : undefined}>{(wiring) => <select {...wiring} className="input" value={format} onChange={(event) => setFormat(event.target.value)}>{usable.map((each) => <option key={each.name} value={each.name}>{each.title}</option>)}</select>}</Field>
      <Notice>The file holds what was committed then, byte for byte the same whenever it is made.</Notice>
    </Dialog>
  );
}
