import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Experiment } from '../../api/tracking';
import { isLive, nameOfTrace, traceCountQuery, type TraceQuestion, type TraceRow } from '../../api/traces';
import type { Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { may } from '../../app/workspace';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf } from '../../ui/parts';
import { CopyLine } from '../../ui/copy-line';
import { ColumnsMenu } from '../runs/columns-menu';
import { columnsInOrder } from '../runs/run-columns';
import { RowGrid } from '../runs/run-grid';
import { RunBulkBar } from '../runs/run-selection-bar';
import { SearchField } from '../runs/search-field';
import { useSelection } from '../tasks/use-selection';
import { allTraceColumns, KINDS, namesOf, type TraceColumn, usualTraceColumns } from './trace-columns';
import { TracePreview } from './trace-preview';
import { both, completeTraces, traceFilterOf, wrongTraceFilter } from './trace-search';
import { TraceSelectionBar } from './trace-selection-bar';
import { useTraceAsking } from './use-trace-asking';
import { useTraceRows } from './use-trace-rows';
import '../tasks/tasks.css';
import '../runs/runs.css';
import './traces.css';

interface TableProps {
  workspace: Workspace;
  experiments: ReadonlyArray<Pick<Experiment, 'id' | 'name'>>;
  /** Only traces that this fits, whatever else is searched for. */
  within?: string;
  /** What is said where there are none. */
  empty: string;
}

const ROWS_WHILE_LOADING = 12;
const [NARROWEST_PX, WIDEST_PX] = [56, 640];
const TRACES = { one: 'trace', many: 'traces', nameOf: nameOfTrace };
const IN_PHONES = new Set(['attributes.timestamp_ms', 'attributes.execution_time_ms', 'attributes.request']);

/** What was asked, what was answered, and how long did it take? The traces of experiments as a table. */
export function TraceTable({ workspace, experiments, within = '', empty }: TableProps) {
  const ids = useMemo(() => experiments.map(({ id }) => id), [experiments]);
  const names = useMemo(() => new Map(experiments.map(({ id, name }) => [id, name])), [experiments]);
  const { look, change, preview, onPreview } = useTraceAsking();
  const typed = traceFilterOf(look.filter ?? '');
  const question: TraceQuestion = useMemo(() => ({ workspace: workspace.id, experiments: ids, filter: both(within, typed), order: look.sort ? [look.sort] : [] }), [workspace.id, ids, within, typed, look.sort]);
  const { pages, rows, total, isMore, useRange, idsBetween } = useTraceRows(question);
  const client = useQueryClient();
  const [selection, setSelection] = useSelection<string>(JSON.stringify([ids, question.filter]));
  const [isDeleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  const step = useRef<((by: -1 | 1) => void) | undefined>(undefined);
  const field = useRef<HTMLInputElement>(null);
  const refresh = () => void client.resetQueries({ queryKey: ['traces'] });
  useKeys({ '/': () => field.current?.focus(), f: () => field.current?.focus(), r: refresh });
  const wrong = pages.isError ? wrongTraceFilter(pages.error, look.filter ?? '') : undefined;
  const found = useMemo(() => namesOf(rows), [rows]);
  const offers = useCallback((text: string, caret: number) => completeTraces(text, caret, found), [found]);
  const all = useMemo(() => allTraceColumns(found, { experiments: names, traceAddress: (trace) => <TraceLink workspace={workspace.id} trace={trace} /> }), [found, names, workspace.id]);
  const shown = useMemo(() => columnsInOrder(all, look.columns ?? usualTraceColumns(all, found), look.widths ?? {}), [all, found, look.columns, look.widths]);
  const onWidth = (column: TraceColumn, width_px: number | undefined) => {
    const { [column.id]: _, ...others } = look.widths ?? {};
    change({ widths: width_px === undefined ? others : { ...others, [column.id]: Math.round(Math.max(NARROWEST_PX, Math.min(WIDEST_PX, width_px))) } });
  };
  const [manages, isEmpty] = [may(workspace, 'manage'), pages.isSuccess && rows.length === 0];
  return (
    <>
      <div className="tools run-tools">
        <SearchField value={look.filter ?? ''} things="traces" placeholder="Words in a trace, or status = 'ERROR' and execution_time_ms > 1000" complete={offers} wrong={wrong} onSearch={(filter) => change({ filter })} field={field} />
        <TraceCount workspace={workspace.id} experiments={ids} isWhole={question.filter === ''} found={rows.length} isMore={isMore} isPending={!pages.isSuccess} />
        <button type="button" className="btn ghost icon" aria-label="Look for new traces" title="Look for new traces (R)" onClick={refresh}>{pages.isRefetching && !pages.isFetchingNextPage ? <span className="turn" /> : <Icon name="again" />}</button>
        <ColumnsMenu all={all} shown={shown} kinds={KINDS} onColumns={(columns) => change({ columns })} onWidth={onWidth} />
      </div>
      <div className="beside">
        <div className="beside-main">
          {pages.isError && rows.length === 0 && !wrong && <Failure error={pages.error} retry={() => void pages.refetch()} what="The list of traces" />}
          {wrong && <Empty art={<Icon name="warn" size={28} />} title="The search is not understood" acts={<button type="button" className="btn" onClick={() => change({ filter: undefined })}>Show all traces</button>}>The field marks where. Write that piece otherwise, or take it out.</Empty>}
          {isEmpty && (look.filter
            ? <Empty art={<Icon name="filter" size={28} />} title="No trace fits this search" acts={<button type="button" className="btn" onClick={() => change({ filter: undefined })}>Show all traces</button>} />
            : <NoTraces words={empty} makes={may(workspace, 'edit')} />)}
          {!wrong && !isEmpty && (rows.length > 0 || pages.isPending) && (
            <RowGrid
              words={TRACES} columns={shown} inPhones={({ id }: TraceColumn) => IN_PHONES.has(id)} useRange={useRange} sort={look.sort} onSort={(sort) => change({ sort })} onWidth={onWidth} total={pages.isPending ? ROWS_WHILE_LOADING : total} idsBetween={idsBetween} selection={selection} onSelect={setSelection}
              onOpen={(trace) => void navigate({ to: '/traces/$traceId', params: { traceId: trace.id }, search: { w: workspace.id } })} onDelete={() => { if (manages) setDeleting(true); }} preview={preview} onPreview={onPreview} step={step}
            />
          )}
          <div className="floats">
            {pages.isFetchNextPageError && <div className="float-bar" role="alert">The next traces did not come: {messageOf(pages.error)}<button type="button" className="btn" onClick={() => void pages.fetchNextPage()}><Icon name="again" />Try again</button></div>}
            <RunBulkBar />
            {rows.length > 0 && <TraceSelectionBar question={question} total={rows.length} isMore={isMore} selection={selection} onSelect={setSelection} manages={manages} isDeleting={isDeleting} onDeleting={setDeleting} />}
          </div>
        </div>
        {preview !== undefined && <TracePreview workspace={workspace.id} id={preview} known={rows.find(({ id }) => id === preview)} onClose={() => onPreview(undefined)} onStep={(by) => step.current?.(by)} />}
      </div>
    </>
  );
}

const TraceLink = ({ workspace, trace }: { workspace: number; trace: TraceRow }) => (
  <Link className="open b" to="/traces/$traceId" params={{ traceId: trace.id }} search={{ w: workspace }} tabIndex={-1} preload={false}>{isLive(trace) && <span className="turn" />}{nameOfTrace(trace)}</Link>
);

interface CountProps {
  workspace: number;
  experiments: readonly string[];
  /** Whether all traces of the experiments are listed, which MLflow can count. */
  isWhole: boolean;
  found: number;
  isMore: boolean;
  isPending: boolean;
}

function TraceCount({ workspace, experiments, isWhole, found, isMore, isPending }: CountProps) {
  const all = useQuery({ ...traceCountQuery(workspace, experiments), enabled: isWhole && isMore }).data;
  if (isPending) return null;
  const least = isMore ? `${count(found)}+ traces` : counted(found, 'trace');
  return <span className="muted" role="status">{isWhole && isMore && all !== undefined ? counted(Math.max(all, found), 'trace') : least}</span>;
}

const NoTraces = ({ words, makes }: { words: string; makes: boolean }) => (
  <div className="first-run">
    <Empty art={<Icon name="flow" size={28} />} title="No traces yet">{makes ? words : 'Whoever may edit here can log one.'}</Empty>
    {makes && <div className="first-trace"><CopyLine text="mlflow.openai.autolog()" /><CopyLine text="@mlflow.trace" /></div>}
  </div>
);
