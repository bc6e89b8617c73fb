import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { experimentsQuery } from '../../api/tracking';
import { deleteTraces, experimentOf, isLive, isOpenTrace, metadataOf, nameOfTrace, spansQuery, tokensOfTrace, type TraceInfo, traceQuery } from '../../api/traces';
import type { Workspace } from '../../api/types';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { Confirm } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { agoOf, momentOf } from '../experiments/when';
import { Feedback } from './assessments';
import { SpanWork } from './span-work';
import { buildTree } from './span-tree';
import { readSpans } from './spans';
import { msOf, traceTime, TraceStatePill } from './trace-columns';
import { TraceDetails } from './trace-details';
import './traces.css';

/** What happened within this one request? */
export function TracePage() {
  const workspace = useTrackedWorkspace();
  const { traceId } = useParams({ from: '/inside/traces/$traceId' });
  const crumb = <Link to="/experiments" className="crumb">Experiments</Link>;
  if (!workspace) return <Top crumb={crumb} title="Trace" />;
  return <Page key={`${workspace.id} ${traceId}`} workspace={workspace} id={traceId} />;
}

function Page({ workspace, id }: { workspace: Workspace; id: string }) {
  const { tab = 'spans' } = useSearch({ from: '/inside/traces/$traceId' });
  const asked = useQuery(traceQuery(workspace.id, id));
  const trace = asked.data;
  const experiments = useQuery(experimentsQuery(workspace.id)).data;
  const of = trace && experimentOf(trace);
  const experiment = experiments?.find((each) => each.id === of);
  const crumb = experiment ? <Link to="/experiments/$experimentIds/traces" params={{ experimentIds: experiment.id }} search={{ w: workspace.id }} className="crumb">{experiment.name}</Link> : <Link to="/experiments" className="crumb">Experiments</Link>;
  const spans = useQuery({ ...spansQuery(workspace.id, id, trace !== undefined && isLive(trace)), enabled: trace !== undefined });
  const read = useMemo(() => spans.data && readSpans(spans.data), [spans.data]);
  const tree = useMemo(() => read && buildTree(read.spans), [read]);
  if (asked.isError) return <><Top crumb={crumb} title="Trace" /><Failure error={asked.error} retry={() => void asked.refetch()} what="The trace" acts={<Link to="/experiments" className="btn">To the experiments</Link>} /></>;
  if (!trace) return <><Top crumb={crumb} title=" " tab="Trace" /><div className="scroll"><Skeleton width="40%" height={20} /></div></>;
  const name = nameOfTrace(trace);
  const tokens = tokensOfTrace(trace);
  const said = trace.assessments?.length ?? 0;
  const tabs = [['spans', tree ? counted(tree.rows.length, 'span') : 'Spans'], ['details', 'Details'], ['feedback', said > 0 ? `Feedback ${count(said)}` : 'Feedback']] as const;
  const spanName = (span: string) => read?.spans.find((each) => each.id === span)?.name;
  return (
    <>
      <Top crumb={crumb} title={name} tab={[name, 'Trace']}>
        <TraceStatePill state={trace.state} />
        <span className="muted wide" title={momentOf(msOf(trace))}>{agoOf(msOf(trace))} · {traceTime(trace)}{tokens && <span title={`${count(tokens.input)} in, ${count(tokens.output)} out`}> · {count(tokens.total)} tokens</span>}</span>
        <span className="grow" />
        {may(workspace, 'manage') && of && <TraceMenu workspace={workspace.id} trace={trace} experiment={of} />}
      </Top>
      <nav className="tabs" aria-label="Trace">
        {tabs.map(([each, words]) => <Link key={each} to="/traces/$traceId" params={{ traceId: id }} search={{ w: workspace.id, ...(each === 'spans' ? {} : { tab: each }) }} className={each === tab ? 'on' : ''} aria-current={each === tab ? 'page' : undefined} activeOptions={{ exact: true, includeSearch: true }} activeProps={{}}>{words}</Link>)}
      </nav>
      {tab === 'details' && <TraceDetails workspace={workspace} trace={trace} {...(experiment ? { experiment } : {})} />}
      {tab === 'feedback' && <Feedback trace={trace} spanName={spanName} />}
      {tab === 'spans' && spans.isError && <Failure error={spans.error} retry={() => void spans.refetch()} what="What it did" acts={<Link className="btn" to="/traces/$traceId" params={{ traceId: id }} search={{ w: workspace.id, tab: 'details' }}>See what is known of it</Link>} />}
      {tab === 'spans' && spans.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 14 }}>{[0.7, 0.5, 0.6, 0.4].map((share) => <Skeleton key={share} width={`${share * 100}%`} height={16} />)}</div>}
      {tab === 'spans' && tree && (
        <>
          <Shortcomings trace={trace} found={tree.rows.length} broken={read?.broken ?? 0} orphans={tree.orphans} unended={tree.unended} />
          {tree.rows.length === 0
            ? <Empty art={<Icon name="flow" size={28} />} title={isLive(trace) ? 'Its first span has not come yet' : 'It has no spans'}>{isLive(trace) ? 'They appear here as they are written.' : 'The program ended before they were sent, or they were deleted.'}</Empty>
            : <SpanWork trace={trace} tree={tree} />}
        </>
      )}
    </>
  );
}

interface ShortcomingsProps {
  trace: TraceInfo;
  found: number;
  broken: number;
  orphans: number;
  unended: number;
}

/** How many spans the trace should have, as its program said when it ended. */
function spansSaid(trace: TraceInfo): number {
  try {
    return Number((JSON.parse(metadataOf(trace, 'mlflow.trace.sizeStats') ?? '{}') as Record<string, unknown>)['num_spans']) || 0;
  } catch {
    return 0;
  }
}

/** What is missing from a trace, where something is. */
function Shortcomings({ trace, found, broken, orphans, unended }: ShortcomingsProps) {
  const said = spansSaid(trace);
  const words = [
    isLive(trace) && 'It is still being written; what comes appears here.',
    isOpenTrace(trace) && !isLive(trace) && 'It never said that it ended: its program was stopped, or is very slow.',
    !isOpenTrace(trace) && said > found && `Only ${count(found)} of its ${counted(said, 'span')} arrived. The others may still come; the program may also have ended before it sent them.`,
    broken > 0 && `${counted(broken, 'entry', 'entries')} could not be read and ${broken === 1 ? 'is' : 'are'} left out.`,
    orphans > 0 && `${counted(orphans, 'span')} ${orphans === 1 ? 'names a parent that is' : 'name parents that are'} not here, and ${orphans === 1 ? 'stands' : 'stand'} at the top.`,
    !isLive(trace) && unended > 0 && `${counted(unended, 'span')} never ended; the bar reaches to the end of the trace.`,
  ].filter(Boolean);
  if (words.length === 0) return null;
  return <div className="page-notice"><Notice tone={isLive(trace) ? 'accent' : 'warn'}>{words.join(' ')}</Notice></div>;
}

function TraceMenu({ workspace, trace, experiment }: { workspace: number; trace: TraceInfo; experiment: string }) {
  const [isOpen, setOpen] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = async () => {
    await deleteTraces(workspace, [experiment], [trace.trace_id]);
    void client.resetQueries({ queryKey: ['traces'] });
    say('The trace is deleted.');
    await navigate({ to: '/experiments/$experimentIds/traces', params: { experimentIds: experiment }, search: { w: workspace } });
  };
  return (
    <>
      <MenuTrigger>
        <Button className="btn ghost icon" aria-label="More to do with this trace"><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label="More to do with this trace" style={{ outline: 'none' }} onAction={() => setOpen(true)}>
            <MenuItem id="delete" className="danger"><Icon name="trash" />Delete…</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {isOpen && (
        <Confirm title={`Delete this trace of “${nameOfTrace(trace)}”?`} action="Delete trace" onConfirm={remove} onClose={() => setOpen(false)}>
          <p>Its spans, what went in and came out, its tags and feedback go with it.</p>
          <p className="two">MLflow keeps nothing of a deleted trace: this cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}
