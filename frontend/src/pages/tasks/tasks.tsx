import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { address } from '../../api/base';
import { projectQuery } from '../../api/projects';
import { peopleQuery } from '../../api/session';
import { columnsQuery, deleteView, saveView, type TaskSelection, viewsQuery } from '../../api/tasks';
import type { Project, TaskRow, View } from '../../api/types';
import { may, useWorkspace } from '../../app/workspace';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { LabelArt } from '../projects/label-art';
import { tableColumns, type TableColumn } from './columns';
import { FilterBar } from './filter-bar';
import { type Filter, parseWhere, toItem, writeWhere } from './filters';
import { SaveView } from './save-view';
import { countSelected, NOTHING, type Selection } from './selection';
import { SelectionBar } from './selection-bar';
import { TaskGrid } from './task-grid';
import { labelsOf, subjectOf } from './task-kind';
import { TaskTiles } from './task-tiles';
import type { GridActs } from './use-grid-keys';
import { useLayout, useShownColumns } from './use-shown-columns';
import { useTaskRows } from './use-task-rows';
import './tasks.css';

/** Which tasks, in what state? */
export function Tasks() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  if (!project) return null;
  return project.task_number === 0 ? <NoTasks project={project} /> : <TaskTable key={id} project={project} />;
}

function TaskTable({ project }: { project: Project }) {
  const { where, sort } = useSearch({ from: '/inside/projects/$projectId/data' });
  const columns = useQuery(columnsQuery(project.id)).data ?? [];
  const views = useQuery(viewsQuery(project.id)).data ?? [];
  const table = useTable(project, columns.filter((column) => column.parent === 'data').map((column) => column.id));
  const [shown, setShown] = useShownColumns(project.id, table);
  const filters = useMemo(() => parseWhere(where), [where]);
  const asked = useMemo<TaskSelection>(() => ({ items: filters.map((filter) => toItem(filter, columns)), ordering: sort ? [sort] : [] }), [filters, columns, sort]);
  const rows = useTaskRows(project.id, asked);
  const [layout, setLayout] = useLayout(project.id);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [deleting, setDeleting] = useState(false);
  const [saving, setSaving] = useState(false);
  const goTo = useGoTo(project.id, () => setSelection(NOTHING));
  const removeView = useRemoveView(project.id, () => goTo([], undefined));
  const makes = may(useWorkspace(), 'edit');
  const acts: GridActs = {
    total: rows.first.isPending ? ROWS_WHILE_LOADING : rows.total, idsBetween: rows.idsBetween, selection, onSelect: setSelection,
    onOpen: (task) => location.assign(openAddress(task)), onDelete: () => { if (makes) setDeleting(true); },
  };
  const bar = (
    <FilterBar
      project={project.id} filters={filters} sort={sort} columns={columns} labels={labelsOf(project)} views={views} table={table} shown={shown} total={rows.first.data?.total}
      layout={layout} onLayout={setLayout}
      onFilters={(next, order) => goTo(next, order ?? sort)} onSort={(next) => goTo(filters, next)} onShown={setShown} keepsViews={makes} onSaveView={() => setSaving(true)} onDeleteView={(view) => void removeView(view)}
    />
  );
  return (
    <>
      {bar}
      {rows.first.isError && <Failure error={rows.first.error} retry={() => void rows.first.refetch()} what="The list of tasks" />}
      {rows.first.isSuccess && rows.total === 0 && (filters.length > 0 ? <NoneFound onAll={() => goTo([], sort)} /> : <NoneYours project={project} />)}
      {!rows.first.isError && (rows.total > 0 || rows.first.isPending) && (
        layout === 'grid'
          ? <TaskTiles subject={subjectOf(project)} useRange={rows.useRange} openAddress={openAddress} {...acts} />
          : <TaskGrid subject={subjectOf(project).kind} columns={table.filter((column) => shown.has(column.id) || column.id === 'id')} useRange={rows.useRange} sort={sort} onSort={(next) => goTo(filters, next)} {...acts} />
      )}
      {makes && countSelected(selection, rows.total) > 0 && <SelectionBar project={project} asked={asked} total={rows.total} selection={selection} onSelect={setSelection} deleting={deleting} onDeleting={setDeleting} />}
      {saving && <SaveView onClose={() => setSaving(false)} onSave={(title) => saveView(project.id, { title, filters: { conjunction: 'and', items: [...asked.items] }, ordering: [...asked.ordering] })} project={project.id} />}
    </>
  );
}

const ROWS_WHILE_LOADING = 12;

const openAddress = (task: TaskRow): string => address(`projects/${task.project}/label?task=${task.id}`);

function useTable(project: Project, dataKeys: readonly string[]): TableColumn[] {
  const people = useQuery(peopleQuery).data;
  const keys = dataKeys.join('\n');
  return useMemo(
    () => tableColumns({ project, people: new Map((people ?? []).map((person) => [person.id, person])), dataKeys: keys.split('\n').filter(Boolean), openAddress }),
    [project, people, keys],
  );
}

/** Writes the selection of tasks into the address; the back button brings the former one back. */
function useGoTo(project: number, onChange: () => void) {
  const navigate = useNavigate();
  return (filters: readonly Filter[], sort: string | undefined) => {
    onChange();
    const where = writeWhere(filters);
    void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project) }, search: { ...(where ? { where } : {}), ...(sort ? { sort } : {}) } });
  };
}

function useRemoveView(project: number, onRemoved: () => void) {
  const client = useQueryClient();
  return async (view: View) => {
    try {
      await deleteView(view.id);
      onRemoved();
      await client.invalidateQueries(viewsQuery(project));
      say(`The view “${view.data.title ?? ''}” is gone. Its tasks are untouched.`, {
        stay_s: 10,
        action: { name: 'Undo', run: () => void saveView(project, view.data).then(() => client.invalidateQueries(viewsQuery(project))) },
      });
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
    }
  };
}

const NoneFound = ({ onAll }: { onAll: () => void }) => (
  <Empty art={<Icon name="filter" size={28} />} title="No task fits these filters" acts={<button type="button" className="btn" onClick={onAll}>Show all tasks</button>}>Take a filter away, or change its value.</Empty>
);

/** For those who see only what they labelled, before they did. */
const NoneYours = ({ project }: { project: Project }) => (
  <Empty art={<LabelArt />} title="Nothing of yours yet" acts={<a className="btn" href={address(`projects/${project.id}/label`)}>Label next</a>}>Tasks that you label stand here, so that you can go back to them.</Empty>
);

function NoTasks({ project }: { project: Project }) {
  const navigate = useNavigate();
  const makes = may(useWorkspace(), 'edit');
  const open = () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project.id) }, search: { open: 'import' } });
  return (
    <Empty art={<LabelArt />} title="No tasks yet" acts={makes && <button type="button" className="btn primary large" onClick={open}><Icon name="upload" />Import</button>}>
      {makes ? 'Import pictures, texts or a JSON or CSV file; each becomes a task to label.' : 'Whoever manages this project can import pictures or texts.'}
    </Empty>
  );
}
