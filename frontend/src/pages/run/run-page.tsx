import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { deleteRun, renameRun, restoreRun, type Run, runQuery } from '../../api/mlflow';
import { experimentsQuery } from '../../api/tracking';
import type { Workspace } from '../../api/types';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { Confirm, Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Failure, Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { agoOf, lasted, momentOf } from '../experiments/when';
import { RunState } from '../runs/run-columns';
import { TraceTable } from '../traces/trace-table';
import { Artifacts } from './artifacts';
import { Overview } from './overview';
import { RunMetrics } from './run-metrics';
import './run.css';

/** What did this run do, and how well? */
export function RunPage() {
  const workspace = useTrackedWorkspace();
  const { runId } = useParams({ from: '/inside/runs/$runId' });
  const crumb = <Link to="/experiments" className="crumb">Experiments</Link>;
  if (!workspace) return <Top crumb={crumb} title="Run" />;
  return <Page key={`${workspace.id} ${runId}`} workspace={workspace} id={runId} />;
}

const ALL_TABS = [['overview', 'Overview'], ['metrics', 'Metrics'], ['system', 'System'], ['artifacts', 'Files'], ['traces', 'Traces']] as const;
const isSystem = (key: string): boolean => key.startsWith('system/');

function Page({ workspace, id }: { workspace: Workspace; id: string }) {
  const { tab } = useSearch({ from: '/inside/runs/$runId' });
  const run = useQuery(runQuery(workspace.id, id));
  const experiments = useQuery(experimentsQuery(workspace.id)).data;
  const experiment = experiments?.find((each) => each.id === run.data?.info.experiment_id);
  const crumb = experiment ? <Link to="/experiments/$experimentIds" params={{ experimentIds: experiment.id }} search={{ w: workspace.id }} className="crumb">{experiment.name}</Link> : <Link to="/experiments" className="crumb">Experiments</Link>;
  if (run.isError) return <><Top crumb={crumb} title="Run" /><Failure error={run.error} retry={() => void run.refetch()} what="The run" acts={<Link to="/experiments" className="btn">To the experiments</Link>} /></>;
  if (!run.data) return <><Top crumb={crumb} title=" " tab="Run" /><div className="scroll"><Skeleton width="40%" height={20} /></div></>;
  const { info, data } = run.data;
  const name = info.run_name || id;
  const keys = (data.metrics ?? []).map(({ key }) => key).sort();
  const system = keys.filter(isSystem);
  const tabs = ALL_TABS.filter(([each]) => each !== 'system' || system.length > 0);
  const open = tab ?? 'overview';
  return (
    <>
      <Top crumb={crumb} title={name} tab={[name, 'Run']}>
        <RunState status={info.status} />
        <span className="muted wide" title={momentOf(info.start_time)}>{agoOf(info.start_time)} · {lasted(info.start_time, info.end_time)}</span>
        <span className="grow" />
        {may(workspace, 'edit') && <RunMenu workspace={workspace} run={run.data} />}
      </Top>
      <nav className="tabs" aria-label="Run">
        {tabs.map(([each, words]) => <Link key={each} to="/runs/$runId" params={{ runId: id }} search={{ w: workspace.id, ...(each === 'overview' ? {} : { tab: each }) }} className={each === open ? 'on' : ''} aria-current={each === open ? 'page' : undefined} activeOptions={{ exact: true, includeSearch: true }} activeProps={{}}>{words}</Link>)}
      </nav>
      {info.lifecycle_stage === 'deleted' && <p className="page-notice"><Notice tone="warn">This run is deleted. It can be brought back until somebody frees it.</Notice></p>}
      {open === 'overview' && <Overview workspace={workspace} run={run.data} />}
      {open === 'metrics' && <RunMetrics workspace={workspace.id} run={run.data} metrics={keys.filter((key) => !isSystem(key))} />}
      {open === 'system' && <RunMetrics key="system" workspace={workspace.id} run={run.data} metrics={system} isTime />}
      {open === 'artifacts' && <Artifacts workspace={workspace.id} run={id} />}
      {open === 'traces' && <TraceTable workspace={workspace} experiments={[{ id: info.experiment_id, name: experiment?.name ?? info.experiment_id }]} within={`attributes.run_id = '${id}'`} empty="Traces that a program makes while this run is open stand here." />}
    </>
  );
}

function RunMenu({ workspace, run }: { workspace: Workspace; run: Run }) {
  const [open, setOpen] = useState<'rename' | 'delete' | null>(null);
  const client = useQueryClient();
  const { run_id: id, run_name: name = id, lifecycle_stage: stage } = run.info;
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['run'] }), client.invalidateQueries({ queryKey: ['runs'] }), client.invalidateQueries({ queryKey: ['experiments'] })]);
  const bring = async () => { await restoreRun(workspace.id, id); await refresh(); };
  const remove = async () => {
    await deleteRun(workspace.id, id);
    await refresh();
    offerUndo(`The run “${name}” is deleted.`, bring);
  };
  if (stage === 'deleted') return <button type="button" className="btn" onClick={() => void bring().then(() => say(`“${name}” is back.`), (error: unknown) => say(messageOf(error), { tone: 'bad' }))}><Icon name="undo" />Restore</button>;
  return (
    <>
      <MenuTrigger>
        <Button className="btn ghost icon" aria-label="More to do with this run"><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label="More to do with this run" style={{ outline: 'none' }} onAction={(key) => setOpen(key === 'rename' ? 'rename' : 'delete')}>
            <MenuItem id="rename"><Icon name="pencil" />Rename…</MenuItem>
            <Separator />
            <MenuItem id="delete" className="danger"><Icon name="trash" />Delete…</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {open === 'rename' && <Rename workspace={workspace.id} id={id} name={name} onClose={() => setOpen(null)} onDone={refresh} />}
      {open === 'delete' && (
        <Confirm title={`Delete “${name}”?`} action="Delete run" onConfirm={remove} onClose={() => setOpen(null)}>
          <p>Its metrics, parameters and files go with it; versions of registered models that came from it stay.</p>
          <p className="two">You can undo this for 10 seconds, and restore it from the deleted runs of its experiment.</p>
        </Confirm>
      )}
    </>
  );
}

function Rename({ workspace, id, name, onClose, onDone }: { workspace: number; id: string; name: string; onClose: () => void; onDone: () => Promise<unknown> }) {
  const [typed, setTyped] = useState(name);
  const save = useMutation({ mutationFn: () => renameRun(workspace, id, typed.trim()), onSuccess: async () => { await onDone(); onClose(); } });
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="rename-run" className="btn primary" disabled={!typed.trim() || save.isPending}>Rename</button></>;
  return (
    <Dialog title={`Rename “${name}”`} onClose={onClose} foot={foot}>
      <form id="rename-run" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label="Name" wrong={save.error ? messageOf(save.error) : undefined}>{(wiring) => <input {...wiring} className="input" value={typed} onChange={(event) => setTyped(event.target.value)} maxLength={250} autoFocus />}</Field>
      </form>
    </Dialog>
  );
}
