import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { deleteExperiment, restoreExperiment } from '../../api/mlflow';
import { type Experiment, experimentsQuery } from '../../api/tracking';
import type { Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { Confirm } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { offerUndo, say } from '../../ui/toast';
import { Connect, ConnectDialog } from './connect';
import { ExperimentName } from './experiment-name';
import { useTrackedWorkspace } from './use-tracked-workspace';
import { agoOf, momentOf } from './when';
import './experiments.css';

type Asked = 'new' | 'connect' | Experiment | null;

/** Which experiments are there, and which was worked on last? */
export function Experiments() {
  const workspace = useTrackedWorkspace();
  const { search = '', deleted = false } = useSearch({ from: '/inside/experiments' });
  const navigate = useNavigate();
  const go = (change: { search?: string | undefined; deleted?: true | undefined }) => void navigate({ to: '/experiments', search: (before) => clean({ ...before, ...change }), replace: true });
  const experiments = useQuery(experimentsQuery(workspace?.id, deleted ? 'deleted' : 'active'));
  const [open, setOpen] = useState<Asked>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const makes = may(workspace, 'edit');
  useKeys(makes ? { e: () => setOpen('new') } : {});
  const all = experiments.data ?? [];
  const found = all.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  const together = all.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const isFirst = experiments.isSuccess && all.length === 0 && !deleted;
  return (
    <>
      <Top title={deleted ? 'Deleted experiments' : 'Experiments'}>
        {all.length > 0 && <span className="muted wide">{counted(all.length, 'experiment')}</span>}
        <span className="grow" />
        {!isFirst && <button type="button" className="btn ghost wide" onClick={() => setOpen('connect')}>Connect a notebook</button>}
        {makes && !deleted && <Tip text="New experiment" keys="E"><button type="button" className="btn primary" onClick={() => setOpen('new')}><Icon name="plus" />New experiment</button></Tip>}
      </Top>
      {(all.length > 0 || deleted) && (
        <div className="tools">
          <span className="seg" role="group" aria-label="Which experiments">
            <button type="button" className={deleted ? '' : 'on'} aria-pressed={!deleted} onClick={() => go({ deleted: undefined })}>All</button>
            <button type="button" className={deleted ? 'on' : ''} aria-pressed={deleted} onClick={() => go({ deleted: true })}>Deleted</button>
          </span>
          <label className="search experiment-finder"><span className="unseen">Find an experiment</span><Icon name="search" /><input className="input" type="search" placeholder="Find an experiment" value={search} onChange={(event) => go({ search: event.target.value || undefined })} /></label>
          <span className="grow" />
          {deleted && <Link className="btn" to="/experiments/deleted">Deleted runs and their files</Link>}
          {together.length > 1 && <Link className="btn" to="/experiments/$experimentIds" params={{ experimentIds: together.join(',') }}>Runs of these {together.length}</Link>}
        </div>
      )}
      <div className="table-scroll">
        {experiments.isPending && workspace && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {experiments.isError && <Failure error={experiments.error} retry={() => void experiments.refetch()} what="The list of experiments" />}
        {isFirst && workspace && <First workspace={workspace} makes={makes} />}
        {experiments.isSuccess && all.length === 0 && deleted && <Empty art={<Icon name="trash" size={28} />} title="No deleted experiments">A deleted experiment is kept here with its runs until somebody frees it.</Empty>}
        {all.length > 0 && found.length === 0 && <Empty art={<Icon name="search" size={28} />} title={`No experiment is called “${search}”`} acts={<button type="button" className="btn" onClick={() => go({ search: undefined })}>Show all</button>} />}
        {found.length > 0 && workspace && <Table workspace={workspace} experiments={found} chosen={chosen} onChoose={setChosen} onRename={setOpen} />}
      </div>
      {open === 'connect' && workspace && <ConnectDialog workspace={workspace} onClose={() => setOpen(null)} />}
      {open !== null && open !== 'connect' && workspace && <ExperimentName workspace={workspace} {...(open === 'new' ? {} : { experiment: open })} onClose={() => setOpen(null)} />}
    </>
  );
}

const clean = <S extends object>(search: S): S => Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as S;

const First = ({ workspace, makes }: { workspace: Workspace; makes: boolean }) => (
  <div className="first-experiment">
    <Empty art={<CurvesArt />} title={makes ? 'Log the first run' : 'No experiments yet'}>
      {makes ? 'An experiment holds runs: their parameters, metrics and files. Whatever logs with MLflow logs here, with this address and a token of yours.' : 'Nothing was logged in this workspace yet. An editor of it can.'}
    </Empty>
    {makes && <Connect workspace={workspace} />}
  </div>
);

/** Curves that fall. */
const CurvesArt = () => (
  <svg viewBox="0 0 160 84" width="160" height="84" fill="none" aria-hidden="true" strokeWidth="1.6">
    <path d="M14 10v62h134" stroke="var(--line-strong)" /><path d="M16 20c22 30 44 40 130 44" stroke="var(--accent)" /><path d="M16 14c30 18 50 34 130 36" stroke="var(--line-strong)" strokeDasharray="4 4" />
  </svg>
);

interface TableProps {
  workspace: Workspace;
  experiments: readonly Experiment[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
  onRename: (experiment: Experiment) => void;
}

function Table({ workspace, experiments, chosen, onChoose, onRename }: TableProps) {
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChoose(next);
  };
  return (
    <table className="table experiment-table">
      <thead><tr><th className="tight"><span className="unseen">Together</span></th><th>Experiment</th><th className="num">Runs</th><th className="num wide">Last run</th><th className="num wide">Made</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
      <tbody>
        {experiments.map((each) => (
          <tr key={each.id}>
            <td className="tight"><input type="checkbox" aria-label={`Look at ${each.name} with others`} checked={chosen.has(each.id)} disabled={each.is_deleted} onChange={() => toggle(each.id)} /></td>
            <td className="main">{each.is_deleted ? <b className="b cut">{each.name}</b> : <Link className="b cut experiment-open" to="/experiments/$experimentIds" params={{ experimentIds: each.id }}>{each.name}</Link>}</td>
            <td className="num">{count(each.run_count)}</td>
            <td className="num muted wide" title={momentOf(each.last_run_at)}>{agoOf(each.last_run_at)}</td>
            <td className="num muted wide" title={momentOf(each.created_at)}>{agoOf(each.created_at)}</td>
            <td className="tight"><Acts workspace={workspace} experiment={each} onRename={() => onRename(each)} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Acts({ workspace, experiment, onRename }: { workspace: Workspace; experiment: Experiment; onRename: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const [edits, manages] = [may(workspace, 'edit'), may(workspace, 'manage')];
  const refresh = () => client.invalidateQueries({ queryKey: ['experiments'] });
  const bring = async () => { await restoreExperiment(workspace.id, experiment.id); await refresh(); };
  const restore = useMutation({ mutationFn: bring, onSuccess: () => say(`“${experiment.name}” is back.`), onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const remove = async () => {
    await deleteExperiment(workspace.id, experiment.id);
    await refresh();
    offerUndo(`“${experiment.name}” is deleted.`, bring);
  };
  if (experiment.is_deleted) return manages && <button type="button" className="btn" disabled={restore.isPending} aria-label={`Restore ${experiment.name}`} onClick={() => restore.mutate()}><Icon name="undo" />Restore</button>;
  if (!edits) return null;
  return (
    <>
      <MenuTrigger>
        <Button className="btn ghost icon" aria-label={`More to do with ${experiment.name}`}><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label={`More to do with ${experiment.name}`} style={{ outline: 'none' }} onAction={(key) => (key === 'rename' ? onRename() : setDeleting(true))}>
            <MenuItem id="rename"><Icon name="pencil" />Rename…</MenuItem>
            {manages ? <Separator /> : null}
            {manages ? <MenuItem id="delete" className="danger"><Icon name="trash" />Delete…</MenuItem> : null}
          </Menu>
        </Popover>
      </MenuTrigger>
      {deleting && (
        <Confirm title={`Delete “${experiment.name}”?`} action="Delete experiment" onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>With it go its <b className="b">{counted(experiment.run_count, 'run')}</b>. Whoever logs to it is refused from now on.</p>
          <p className="two">You can undo this for 10 seconds, and restore it from the deleted ones.</p>
        </Confirm>
      )}
    </>
  );
}
