import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import { type Experiment, experimentsQuery, runColumnsQuery, type RunColumns, type RunQuestion, type RunRow, runViewsQuery, wrongFilter } from '../../api/tracking';
import type { Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Connect } from '../experiments/connect';
import { ExperimentTabs } from '../experiments/experiment-tabs';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { countSelected } from '../tasks/selection';
import { useSelection } from '../tasks/use-selection';
import { ColumnsMenu } from './columns-menu';
import { allColumns, chosenColumns, type RunColumn, valuesOf } from './run-columns';
import { RunGrid } from './run-grid';
import { RunGroups } from './run-groups';
import { RunPreview } from './run-preview';
import { RunBulkBar, RunSelectionBar } from './run-selection-bar';
import { RunViews } from './run-views';
import { SearchField } from './search-field';
import { complete, filterOf, nameIn } from './search-text';
import { useRunAsking } from './use-run-asking';
import { useRunRows } from './use-run-rows';
import '../tasks/tasks.css';
import './runs.css';

const NOTHING_LOGGED: RunColumns = { metrics: [], params: [], tags: [] };
const ROWS_WHILE_LOADING = 12;
const [NARROWEST_PX, WIDEST_PX] = [56, 640];

/** Which run is best, and why? */
export function Runs() {
  const workspace = useTrackedWorkspace();
  const { experimentIds } = useParams({ from: '/inside/experiments/$experimentIds' });
  const experiments = useQuery(experimentsQuery(workspace?.id));
  const ids = experimentIds.split(',');
  const found = (experiments.data ?? []).filter(({ id }) => ids.includes(id));
  const crumb = <Link to="/experiments" className="crumb">Experiments</Link>;
  if (experiments.isError) return <><Top crumb={crumb} title="Runs" /><Failure error={experiments.error} retry={() => void experiments.refetch()} what="The experiment" /></>;
  if (experiments.isSuccess && found.length === 0) return <><Top crumb={crumb} title="Runs" /><Empty art={<Icon name="search" size={28} />} title="This experiment is not here" acts={<Link to="/experiments" className="btn">To the experiments</Link>}>It was deleted, or it is in another workspace.</Empty></>;
  if (!workspace || found.length === 0) return <><Top crumb={crumb} title=" " tab="Runs" /><div className="scroll"><Skeleton width="40%" height={20} /></div></>;
  return <RunTable key={`${workspace.id} ${experimentIds}`} workspace={workspace} experiments={found} />;
}

function RunTable({ workspace, experiments }: { workspace: Workspace; experiments: readonly Experiment[] }) {
  const ids = useMemo(() => experiments.map(({ id }) => id), [experiments]);
  const viewsOf = ids[0] as string;
  const views = useQuery(runViewsQuery(workspace.id, viewsOf));
  const asking = useRunAsking(views.data);
  const { look, change } = asking;
  const logged = useQuery(runColumnsQuery(workspace.id, ids));
  const offers = useCallback((text: string, caret: number) => complete(text, caret, logged.data ?? NOTHING_LOGGED), [logged.data]);
  const names = useMemo(() => new Map(experiments.map(({ id, name }) => [id, name])), [experiments]);
  const all = useMemo(() => allColumns(logged.data ?? NOTHING_LOGGED, { experiments: names, runAddress: (run) => <RunLink workspace={workspace.id} run={run} /> }), [logged.data, names, workspace.id]);
  const shown = useMemo(() => chosenColumns(all, look.columns, look.widths ?? {}), [all, look.columns, look.widths]);
  const question: RunQuestion = useMemo(() => ({
    workspace: workspace.id, experiments: ids, filter: filterOf(look.filter ?? ''), order: look.sort ? [look.sort] : [], view: look.which ?? 'active', columns: valuesOf(shown),
  }), [workspace.id, ids, look.filter, look.sort, look.which, shown]);
  const rows = useRunRows(question, logged.isSuccess || logged.isError);
  const { first, total } = rows;
  const [selection, setSelection] = useSelection<string>(JSON.stringify([ids, question.filter, question.view]));
  const [isDeleting, setDeleting] = useState(false);
  const makes = may(workspace, 'edit');
  const navigate = useNavigate();
  const step = useRef<((by: -1 | 1) => void) | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => field.current?.focus(), f: () => field.current?.focus() });
  const wrong = first.isError ? wrongFilter(first.error) : undefined;
  const title = experiments.length === 1 ? (experiments[0] as Experiment).name : `${experiments.length} experiments`;
  const onWidth = (column: RunColumn, width_px: number | undefined) => {
    const { [column.id]: _, ...others } = look.widths ?? {};
    change({ widths: width_px === undefined ? others : { ...others, [column.id]: Math.round(Math.max(NARROWEST_PX, Math.min(WIDEST_PX, width_px))) } });
  };
  const groupable = all.filter(({ kind, key }) => kind === 'params' || kind === 'tags' || key === 'status' || key === 'user_id');
  const isEmpty = first.isSuccess && total === 0;
  const isAsking = Boolean(look.filter || look.which);
  return (
    <>
      <Top crumb={<Link to="/experiments" className="crumb">Experiments</Link>} title={title} tab={['Runs', title]}>
        {first.data && <span className="muted wide" role="status">{counted(total, 'run')}</span>}
        <span className="grow" />
        <span className="row slim muted">{first.data && count(total)}</span>
      </Top>
      <ExperimentTabs workspace={workspace.id} experiments={ids.join(',')} open="runs" />
      <div className="tools run-tools">
        <RunViews workspace={workspace.id} experiment={viewsOf} views={views.data ?? []} asking={asking} makes={makes} />
        <SearchField value={look.filter ?? ''} things="runs" placeholder="A name, or metrics.loss < 0.1 and params.lr = '0.01'" complete={offers} wrong={wrong} onSearch={(filter) => change({ filter })} field={field} />
        <label className="row group-by"><span className="muted wide">Group by</span>
          <select className="input" aria-label="Group by" value={look.group ?? ''} onChange={(event) => change({ group: event.target.value || undefined })}>
            <option value="">no value</option>
            {groupable.map(({ id, title: name, kind }) => <option key={id} value={id}>{name}{kind === 'tags' ? ' (tag)' : ''}</option>)}
          </select>
        </label>
        <ColumnsMenu all={all} shown={shown} onColumns={(columns) => change({ columns })} onWidth={onWidth} />
      </div>
      <div className="beside">
        <div className="beside-main">
          {first.isError && !wrong && <Failure error={first.error} retry={() => void first.refetch()} what="The list of runs" />}
          {wrong && <Empty art={<Icon name="warn" size={28} />} title="The search is not understood" acts={<button type="button" className="btn" onClick={() => change({ filter: undefined })}>Show all runs</button>}>The field marks where. Write that piece otherwise, or take it out.</Empty>}
          {isEmpty && (isAsking
            ? <Empty art={<Icon name={look.which ? 'trash' : 'filter'} size={28} />} title={look.filter ? 'No run fits this search' : 'No deleted runs'} acts={<button type="button" className="btn" onClick={() => asking.open(undefined)}>Show all runs</button>} />
            : <div className="first-run"><Empty art={<Icon name="chart" size={28} />} title="No runs yet">{makes ? 'Log one from a notebook or a script; it appears here while it runs.' : 'Whoever may edit here can log one.'}</Empty>{makes && <Connect workspace={workspace} experiment={title} />}</div>)}
          {!first.isError && look.group && total > 0 && (
            <RunGroups question={question} by={look.group} title={all.find(({ id }) => id === look.group)?.title ?? look.group} onOpen={(value) => change({ group: undefined, filter: withValue(look.filter, look.group as string, value) })} />
          )}
          {!first.isError && !look.group && (total > 0 || first.isPending) && (
            <RunGrid
              columns={shown} useRange={rows.useRange} sort={look.sort} onSort={(sort) => change({ sort })} onWidth={onWidth} total={first.isPending ? ROWS_WHILE_LOADING : total} idsBetween={rows.idsBetween} selection={selection} onSelect={setSelection}
              onOpen={(run) => void navigate({ to: '/runs/$runId', params: { runId: run.id }, search: { w: workspace.id } })} onDelete={() => { if (makes) setDeleting(true); }} preview={asking.preview} onPreview={asking.onPreview} step={step}
            />
          )}
          <div className="floats">
            <RunBulkBar />
            {!first.isError && !look.group && countSelected(selection, total) > 0 && <RunSelectionBar question={question} total={total} selection={selection} onSelect={setSelection} makes={makes} isDeleting={isDeleting} onDeleting={setDeleting} />}
          </div>
        </div>
        {asking.preview !== undefined && <RunPreview workspace={workspace.id} id={asking.preview} onClose={() => asking.onPreview(undefined)} onStep={(by) => step.current?.(by)} />}
      </div>
    </>
  );
}

const RunLink = ({ workspace, run }: { workspace: number; run: RunRow }) => <Link className="open b" to="/runs/$runId" params={{ runId: run.run_id }} search={{ w: workspace }} tabIndex={-1} preload={false}>{run.name || run.run_id}</Link>;

/** A search that also asks for a value; where there is none, for runs without it. */
export function withValue(filter: string | undefined, column: string, value: string | null): string {
  const [kind, ...key] = column.split('.');
  const name = nameIn(kind as RunColumn['kind'], key.join('.'));
  const asked = value === null ? `${name} IS NULL` : `${name} = ${value.includes("'") ? `"${value}"` : `'${value}'`}`;
  const before = filterOf(filter ?? '');
  return before ? `${before} AND ${asked}` : asked;
}
