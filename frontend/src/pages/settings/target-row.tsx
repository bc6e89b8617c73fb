import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { commitLabels, isRepoKind, pendingQuery, type Pending, type Storage, syncStorage } from '../../api/storages';
import { useWish } from '../../app/wish';
import { Dialog } from '../../ui/dialog';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice, Pill } from '../../ui/parts';
import { say } from '../../ui/toast';
import { shortId } from '../repos/names';
import type { RowProps } from './source-row';
import { isStorageBusy, StorageJob, StorageMenu, useStorageJob } from './storage-acts';
import { nameOfStorage, placeOf, stateOfStorage } from './storage-words';

/** One target: what waits for it, and the act that writes it. */
export function TargetRow({ project, storage, onEdit }: RowProps) {
  const [job, setJob] = useStorageJob(storage);
  const [isAsking, setAsking] = useState(false);
  const isRepo = isRepoKind(storage.type);
  const waiting = useQuery({ ...pendingQuery(storage), enabled: isRepo });
  const pending = waiting.data;
  useWish(`commit-${storage.id}`, () => setAsking(true));
  const client = useQueryClient();
  const sync = useMutation({
    mutationFn: () => syncStorage('target', storage),
    onSuccess: async (answer) => {
      setJob(answer.job);
      await client.invalidateQueries({ queryKey: ['storages'] });
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const name = nameOfStorage(storage, 'target');
  const isRunning = isStorageBusy(storage);
  const { word, tone } = stateOfStorage(storage);
  return (
    <li className="storage">
      <div className="row wrap">
        <Icon name={isRepo ? 'repo' : 'store'} />
        <span className="grow storage-name"><b className="b cut">{name}</b><span className="muted small cut">{storage.title && placeOf(storage)}{storage.last_sync && <span title={moment(storage.last_sync)}>{storage.title && ' · '}{ago(storage.last_sync) === 'now' ? 'written just now' : `written ${ago(storage.last_sync)} ago`}</span>}{pending?.since && <LastCommit pending={pending} repo={repoOf(storage, pending)} />}</span></span>
        {isRepo ? <Waiting pending={pending} failed={waiting.isError} /> : <Pill tone={tone}>{word}</Pill>}
        {isRepo && <button type="button" className="btn" disabled={isRunning || !pending || pending.tasks === 0} onClick={() => setAsking(true)} aria-label={`Commit labels to ${name}`}><Icon name="commit" />Commit labels…</button>}
        {!isRepo && <button type="button" className="btn" disabled={sync.isPending || isRunning} onClick={() => sync.mutate()} aria-label={`Sync ${name}`}><Icon name="again" />Sync</button>}
        <StorageMenu project={project} storage={storage} direction="target" name={name} onEdit={onEdit} />
      </div>
      <StorageJob id={job} />
      {waiting.isError && !pending && <div className="storage-job"><Notice tone="bad">What waits to be committed could not be asked: {messageOf(waiting.error)} <button type="button" className="btn small" onClick={() => void waiting.refetch()}>Ask again</button></Notice></div>}
      {isAsking && pending && <CommitDialog storage={storage} name={name} pending={pending} onClose={() => setAsking(false)} onBegun={setJob} />}
    </li>
  );
}

const repoOf = (storage: Storage, pending: Pending): number | undefined => pending.repo ?? (typeof storage['repo_id'] === 'number' ? storage['repo_id'] : undefined);

const Waiting = ({ pending, failed }: { pending: Pending | undefined; failed: boolean }) => {
  if (!pending) return failed ? <Pill tone="bad">not known what waits</Pill> : null;
  return pending.tasks > 0 ? <Pill tone="accent">{counted(pending.tasks, 'task')} to commit</Pill> : <Pill tone="good">all committed</Pill>;
};

function LastCommit({ pending, repo }: { pending: Pending; repo: number | undefined }) {
  if (!pending.since) return null;
  return <> · last commit {repo === undefined ? <span className="mono">{shortId(pending.since)}</span> : <Link className="link mono" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo), commitId: pending.since }}>{shortId(pending.since)}</Link>}</>;
}

interface CommitProps {
  storage: Storage;
  name: string;
  pending: Pending;
  onClose: () => void;
  onBegun: (job: string | undefined) => void;
}

function CommitDialog({ storage, name, pending, onClose, onBegun }: CommitProps) {
  const [message, setMessage] = useState('');
  const client = useQueryClient();
  const commit = useMutation({
    mutationFn: () => commitLabels(storage, message.trim()),
    onSuccess: async (answer) => {
      onBegun(answer.job);
      await client.invalidateQueries({ queryKey: ['storages'] });
      onClose();
    },
  });
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={commit.isPending}>Cancel</button><button type="submit" form="commit-labels" className="btn primary" disabled={!message.trim() || commit.isPending || pending.tasks === 0}>{commit.isPending && <span className="turn" />}Commit labels</button></>;
  return (
    <Dialog title={`Commit labels to ${name}`} onClose={onClose} foot={foot} busy={commit.isPending}>
      <form id="commit-labels" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); commit.mutate(); }}>
        <p className="two">{pending.tasks === 0 ? 'Everything that was labelled is committed already.' : <>The work on {counted(pending.tasks, 'task')} becomes one commit on <span className="mono">{pending.branch}</span>, with you as its author.</>}</p>
        {pending.tasks > 0 && <Field label="What changed" hint="Whoever trains on it reads this">{(wiring) => <input {...wiring} className="input" autoFocus value={message} maxLength={1000} onChange={(event) => setMessage(event.target.value)} />}</Field>}
        {commit.error && <Notice tone="bad" live>{messageOf(commit.error)}</Notice>}
      </form>
    </Dialog>
  );
}
