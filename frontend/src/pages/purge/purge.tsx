import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { isOver, jobQuery } from '../../api/jobs';
import { deletedRunsQuery, isNothing, purgeableCountsQuery } from '../../api/purge';
import { experimentsQuery } from '../../api/tracking';
import type { Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may } from '../../app/workspace';
import { counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { say } from '../../ui/toast';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { bringBack, said, tellBack } from './bring-back';
import { DeletedTable, type Line } from './deleted-table';
import { listed, PurgeDialog } from './purge-dialog';
import { PurgeProgress } from './purge-progress';
import { useSizes } from './use-sizes';
import './purge.css';

/** What lies deleted, what comes back, and what goes for ever? */
export function Purge() {
  const workspace = useTrackedWorkspace();
  const deleted = useDeleted(workspace);
  const sizes = useSizes(workspace?.id, deleted.lines.map(({ of }) => of));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isAsking, setAsking] = useState(false);
  const [started, setStarted] = useState<string>();
  const manages = may(workspace, 'manage');
  const purgeable = useQuery({ ...purgeableCountsQuery(workspace?.id), enabled: workspace !== undefined && manages }).data;
  const job = started ?? purgeable?.job ?? undefined;
  const isBusy = useIsRunning(job);
  // Logged models and what an earlier purge left lie in no line of the table.
  const hasMore = purgeable !== undefined && !isNothing(purgeable);
  const mayPurge = manages && !isBusy && (deleted.lines.length > 0 || hasMore);
  useKeys(mayPurge ? { f: () => setAsking(true) } : {});
  useEffect(() => { setChosen(new Set()); setStarted(undefined); }, [workspace?.id]);
  return (
    <>
      <Top title="Deleted runs">
        {deleted.lines.length > 0 && <span className="muted wide">{counted(deleted.experiments, 'experiment')}, {counted(deleted.runs, 'run')}</span>}
        <span className="grow" />
        <Link className="btn ghost wide" to="/experiments">Experiments</Link>
        {mayPurge && <Tip text="Free what was deleted long ago" keys="F"><button type="button" className="btn danger" onClick={() => setAsking(true)}><Icon name="trash" />Free for good…</button></Tip>}
      </Top>
      {job && <PurgeProgress id={job} onDismiss={isBusy ? undefined : () => setStarted('')} />}
      <div className="table-scroll">
        {deleted.isPending && workspace && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {deleted.error !== null && <Failure error={deleted.error} retry={deleted.again} what="The list of deleted runs" />}
        {deleted.isEmpty && hasMore && <Empty art={<Icon name="trash" size={28} />} title="No experiment and no run lies deleted">Still here: {listed(purgeable)}. Nobody can restore that; free it for good to make room.</Empty>}
        {deleted.isEmpty && !hasMore && <Empty art={<Icon name="trash" size={28} />} title="Nothing lies deleted" acts={<Link className="btn" to="/experiments">Experiments</Link>}>A deleted run or experiment is kept here with its files, and can be restored, until somebody frees it for good.</Empty>}
        {deleted.lines.length > 0 && workspace && (
          <>
            <Chosen workspace={workspace} lines={deleted.lines.filter(({ of }) => chosen.has(of))} onChoose={setChosen} />
            <DeletedTable lines={deleted.lines} sizes={sizes} chosen={chosen} onChoose={setChosen} mayRestore={(line) => may(workspace, line.run ? 'edit' : 'manage')} />
            {deleted.more && <p className="more"><button type="button" className="btn" onClick={deleted.more}>Show more</button></p>}
          </>
        )}
      </div>
      {isAsking && workspace && <PurgeDialog workspace={workspace} onClose={() => setAsking(false)} onStarted={setStarted} />}
    </>
  );
}

/** Deleted experiments, then the deleted runs of those that live. */
function useDeleted(workspace: Workspace | undefined) {
  const experiments = useQuery(experimentsQuery(workspace?.id, 'deleted'));
  const runs = useInfiniteQuery(deletedRunsQuery(workspace?.id));
  const pages = runs.data?.pages ?? [];
  const lines: Line[] = [
    ...(experiments.data ?? []).map((each) => ({ of: each.id, name: each.name, within: counted(each.run_count, 'run'), deletedAt: each.updated_at, deletedBy: each.deleted_by, user: null })),
    ...pages.flatMap(({ results }) => results).map((each) => ({ of: `${each.experiment_id}/${each.run_id}`, name: each.name || each.run_id, within: each.experiment, deletedAt: each.deleted_at, deletedBy: each.deleted_by, user: each.user, run: each.run_id })),
  ];
  return {
    lines: experiments.isSuccess && runs.isSuccess ? lines : [],
    experiments: experiments.data?.length ?? 0,
    runs: pages[0]?.runs ?? 0,
    isPending: experiments.isPending || runs.isPending,
    isEmpty: experiments.isSuccess && runs.isSuccess && lines.length === 0,
    error: experiments.error ?? runs.error,
    again: () => { void experiments.refetch(); void runs.refetch(); },
    more: runs.hasNextPage ? () => void runs.fetchNextPage() : undefined,
  };
}

/** Whether a purge is under way; when it ends, what it changed is asked for again. */
function useIsRunning(id: string | undefined): boolean {
  const client = useQueryClient();
  const { data: job, isError } = useQuery({ ...jobQuery(id ?? ''), enabled: Boolean(id) });
  // Of a job that cannot be asked for nobody knows; the server refuses a second purge.
  const isRunning = Boolean(id) && (job === undefined ? !isError : !isOver(job));
  useEffect(() => {
    if (!job || !isOver(job)) return;
    for (const queryKey of [['deleted-runs'], ['experiments'], ['purgeable'], ['runs']]) void client.invalidateQueries({ queryKey });
  }, [client, job?.id, job?.state]);
  return isRunning;
}

interface ChosenProps {
  workspace: Workspace;
  lines: readonly Line[];
  onChoose: (chosen: ReadonlySet<string>) => void;
}

/** What can be done with the chosen lines. */
function Chosen({ workspace, lines, onChoose }: ChosenProps) {
  const client = useQueryClient();
  const [isRestoring, setRestoring] = useState(false);
  if (lines.length === 0) return null;
  const restore = async () => {
    setRestoring(true);
    const done = await bringBack(workspace.id, lines);
    // What is as it was stays chosen, for another try.
    onChoose(new Set(done.left.map(({ of }) => of)));
    say(tellBack(done), done.left.length > 0 ? { tone: 'bad' } : {});
    setRestoring(false);
    for (const queryKey of [['deleted-runs'], ['experiments'], ['purgeable'], ['runs']]) void client.invalidateQueries({ queryKey });
  };
  return (
    <div className="tools chosen-deleted" role="region" aria-label="What is chosen">
      <b className="b">{said(lines)} chosen</b>
      <span className="grow" />
      <button type="button" className="btn ghost" onClick={() => onChoose(new Set())} disabled={isRestoring}>Choose none</button>
      <button type="button" className="btn primary" onClick={() => void restore()} disabled={isRestoring}>{isRestoring ? <span className="turn" /> : <Icon name="undo" />}Restore</button>
    </div>
  );
}
