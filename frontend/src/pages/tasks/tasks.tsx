import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { address } from '../../api/addresses';
import { ApiError } from '../../api/client';
import { projectQuery } from '../../api/projects';
import { peopleQuery, sessionQuery } from '../../api/session';
import { TASKS_A_PAGE } from '../../api/tasks';
import type { Column, Person, Project, TaskRow } from '../../api/types';
import { may, useRoleIn } from '../../app/workspace';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf } from '../../ui/parts';
import { LabelArt } from '../projects/label-art';
import { EVERYTHING_ASKED, questionOf } from './asked';
import { BulkBars } from './bulk-bar';
import { tableColumns, type TableColumn } from './columns';
import { useExportSelection } from './export-selection';
import { FilterBar } from './filter-bar';
import { shownColumns, withWidth } from './look';
import { countSelected, NOTHING, toggled } from './selection';
import { type Doing, SelectionBar } from './selection-bar';
import { TaskGrid } from './task-grid';
import { labelsOf, subjectOf } from './task-kind';
import { TaskPreview } from './task-preview';
import { TaskTiles } from './task-tiles';
import { type Asking, useAsking } from './use-asking';
import type { GridActs } from './use-grid-keys';
import { useLook } from './use-look';
import { useSelection } from './use-selection';
import { useTaskRows } from './use-task-rows';
import { usualSelections } from './view-tabs';
import './tasks.css';

/** Which tasks, in what state? */
export function Tasks() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  if (!project) return null;
  return project.task_number === 0 ? <NoTasks project={project} /> : <TaskTable key={id} project={project} />;
}

/** Pictures come with what is drawn on them, so fewer at once. */
const WHOLE = { size: 60, isWhole: true };
const BRIEF = { size: TASKS_A_PAGE, isWhole: false };
const ROWS_WHILE_LOADING = 12;
/** A question that took longer than this is slow to a person. */
const SLOW_MS = 1500;

function TaskTable({ project }: { project: Project }) {
  const asking = useAsking(project.id);
  const { columns, asked, ask, view, preview } = asking;
  const question = questionOf(asked);
  const [selection, setSelection] = useSelection(question);
  const [now, setNow] = useState<Doing>(null);
  useEffect(() => setNow(null), [question]); // what was about to be done was about to be done to others
  const people = usePeople();
  const role = useRoleIn(project.id);
  const [makes, counts] = [may(role, 'edit'), may(role, 'export')];
  const [annotators, models] = [itemsOf(columns, 'annotators').flatMap((id) => people.get(Number(id)) ?? []), itemsOf(columns, 'predictions_model_versions').map(String).filter(Boolean)];
  const hasAssignees = columns.some((column) => column.id === 'assignees');
  const table = useTable(project, people, columns.filter((column) => column.parent === 'data').map((column) => column.id), hasAssignees);
  const { look, change, isChanged, forget } = useLook(project.id, view);
  const isGrid = look.layout === 'grid';
  const rows = useTaskRows(project.id, asking.selection, isGrid ? WHOLE : BRIEF, asking.isReady);
  const me = useQuery(sessionQuery).data?.user?.id;
  const step = useRef<((by: -1 | 1) => void) | undefined>(undefined);
  const { first } = rows;
  const isAsked = !asking.isViewGone && !asking.failed;
  useStillListed(asking, first.isSuccess && !first.isFetching ? first.data.tasks : undefined);
  const exporting = useExportSelection(project, asking.selection, selection, asking.isChanged ? undefined : view?.id);
  const isRefused = first.error instanceof ApiError && first.error.status === 400;
  const acts: GridActs = {
    total: first.isPending ? ROWS_WHILE_LOADING : rows.total, idsBetween: rows.idsBetween, selection, onSelect: setSelection,
    onOpen: (task) => location.assign(openAddress(task)), onDelete: () => { if (makes) setNow('delete_tasks'); },
    preview, onPreview: asking.look, step,
  };
  return (
    <>
      <FilterBar
        project={project} asking={asking} usual={usualSelections(project, asking, me, counts)} offered={{ labels: labelsOf(project), people: [...people.values()] }}
        table={table} look={look} onLook={change} isLookChanged={isChanged} onForgetLook={forget} total={first.data?.total} isRefused={isRefused} isSlow={useSlow(first.isFetching)} makes={makes}
      />
      <div className="beside">
        <div className="beside-main">
          {!isAsked && <Unasked asking={asking} />}
          {isAsked && first.isError && (isRefused && asked.filters.length > 0 ? <Refused asking={asking} error={first.error} /> : <Failure error={first.error} retry={() => void first.refetch()} what={t('The list of tasks')} />)}
          {isAsked && first.isSuccess && rows.total === 0 && (asked.filters.length > 0 ? <NoneFound asking={asking} /> : <NoneYours project={project} />)}
          {isAsked && !first.isError && (rows.total > 0 || first.isPending) && (
            isGrid
              ? <TaskTiles project={project} across={look.across} useRange={rows.useRange} openAddress={openAddress} {...acts} />
              : <TaskGrid subject={subjectOf(project).kind} columns={shownColumns(table, look)} useRange={rows.useRange} sort={asked.sort} onSort={(sort) => ask({ ...asked, sort })} onWidth={(column, width) => change(withWidth(look, column, width))} {...acts} />
          )}
          <div className="floats">
            <BulkBars />
            {makes && isAsked && countSelected(selection, rows.total) > 0 && (
              <SelectionBar project={project} asked={asking.selection} total={rows.total} selection={selection} onSelect={setSelection} now={now} onNow={setNow} annotators={annotators} models={models} onExport={exporting.start} />
            )}
          </div>
        </div>
        {preview !== undefined && (
          <TaskPreview
            project={project} id={preview} people={people} openAddress={openAddress} onClose={() => asking.look(undefined)} onStep={(by) => step.current?.(by)} makes={makes}
            onAssign={makes ? (task) => { setSelection(toggled(NOTHING, task)); setNow('assign'); } : undefined}
          />
        )}
      </div>
      {exporting.dialog}
    </>
  );
}

/** What a column is known to hold. */
const itemsOf = (columns: readonly Column[], id: string): readonly unknown[] => columns.find((column) => column.id === id && !column.parent)?.schema?.items ?? [];

const openAddress = (task: TaskRow): string => address(`projects/${task.project}/label?task=${task.id}`);

function usePeople(): ReadonlyMap<number, Person> {
  const people = useQuery(peopleQuery).data;
  return useMemo(() => new Map((people ?? []).map((person) => [person.id, person])), [people]);
}

function useTable(project: Project, people: ReadonlyMap<number, Person>, dataKeys: readonly string[], assigns: boolean): TableColumn[] {
  const keys = dataKeys.join('\n');
  return useMemo(() => tableColumns({ project, people, dataKeys: keys.split('\n').filter(Boolean), assigns, openAddress }), [project, people, keys, assigns]);
}

/** Other filters close the preview, unless the task in it heads their list too: nobody should act on a task that is out of sight. */
function useStillListed({ asked, isReady, preview, look }: Asking, tasks: readonly TaskRow[] | undefined): void {
  const filters = questionOf(asked);
  const before = useRef<string>(undefined);
  useEffect(() => {
    if (!isReady || !tasks) return;
    const isOther = before.current !== undefined && before.current !== filters;
    before.current = filters;
    if (isOther && preview !== undefined && !tasks.some(({ id }) => id === preview)) look(undefined);
  });
}

/** Whether the last question took so long that a person waited. */
function useSlow(isFetching: boolean): boolean {
  const [isSlow, setSlow] = useState(false);
  const since = useRef<number | undefined>(undefined);
  if (isFetching) since.current ??= performance.now();
  else if (since.current !== undefined) {
    const took = performance.now() - since.current > SLOW_MS;
    since.current = undefined;
    if (took !== isSlow) setSlow(took);
  }
  return isSlow;
}

const ShowAll = ({ asking }: { asking: Asking }) => <button type="button" className="btn" onClick={() => asking.ask(EVERYTHING_ASKED, null)}>{t('Show all tasks')}</button>;

/** Where it is not known which tasks are meant, none are shown: an act on all would reach others than were asked for. */
export function Unasked({ asking }: { asking: Asking }) {
  if (asking.failed) return <Failure error={asking.failed} retry={asking.retry} what={t('What these tasks are chosen by')} />;
  return <Empty art={<Icon name="filter" size={28} />} title={t('This view is not here')} acts={<ShowAll asking={asking} />}>{t('It was deleted, or it is another person’s own.')}</Empty>;
}

const Refused = ({ asking, error }: { asking: Asking; error: unknown }) => (
  <Empty art={<Icon name="warn" size={28} />} title={t('A filter cannot be used')} acts={<ShowAll asking={asking} />}>{t('{error} Press it to change it, or take it away.', { error: messageOf(error) })}</Empty>
);

const NoneFound = ({ asking }: { asking: Asking }) => (
  <Empty art={<Icon name="filter" size={28} />} title={t('No task fits these filters')} acts={<ShowAll asking={asking} />}>{t('Take a filter away, or change its value.')}</Empty>
);

/** For those who see only what they labelled, before they did. */
const NoneYours = ({ project }: { project: Project }) => (
  <Empty art={<LabelArt />} title={t('Nothing of yours yet')} acts={<a className="btn" href={address(`projects/${project.id}/label`)}>{t('Label next')}</a>}>{t('Tasks that you label stand here, so that you can go back to them.')}</Empty>
);

function NoTasks({ project }: { project: Project }) {
  const navigate = useNavigate();
  const makes = may(useRoleIn(project.id), 'edit');
  const open = () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project.id) }, search: { open: 'import' } });
  return (
    <>
      <Empty art={<LabelArt />} title={t('No tasks yet')} acts={makes && <><button type="button" className="btn primary large" onClick={open}><Icon name="upload" />{t('Import')}</button><Link className="btn large" to="/projects/$projectId/storages" params={{ projectId: String(project.id) }}><Icon name="repo" />{t('Add a source')}</Link></>}>
        {makes ? t('Import pictures, texts or a JSON or CSV file, or take them from a repo or a bucket; each becomes a task to label.') : t('Whoever manages this project can import pictures or texts.')}
      </Empty>
      <div className="floats"><BulkBars /></div>
    </>
  );
}
