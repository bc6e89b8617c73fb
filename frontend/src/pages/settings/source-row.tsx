import { useMutation, useQueryClient } from '@tanstack/react-query';
import { changeStorage, isRepoKind, type Storage, syncStorage } from '../../api/storages';
import type { Project } from '../../api/types';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Pill } from '../../ui/parts';
import { say } from '../../ui/toast';
import { isStorageBusy, StorageJob, StorageMenu, useStorageJob } from './storage-acts';
import { nameOfStorage, placeOf, sentenceOfCounts, stateOfStorage } from './storage-words';

export interface RowProps {
  project: Project;
  storage: Storage;
  onEdit: () => void;
}

/** One source: how it stands to its place, and the way to bring it up to date. */
export function SourceRow({ project, storage, onEdit }: RowProps) {
  const [job, setJob] = useStorageJob(storage);
  const client = useQueryClient();
  const sync = useMutation({
    mutationFn: () => syncStorage('source', storage),
    onSuccess: async (answer) => {
      setJob(answer.job);
      await client.invalidateQueries({ queryKey: ['storages'] });
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const follow = useMutation({
    mutationFn: (on: boolean) => changeStorage('source', storage, { follow: on }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['storages'] }),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const name = nameOfStorage(storage, 'source');
  const { word, tone } = stateOfStorage(storage);
  const isRunning = isStorageBusy(storage);
  const counts = sentenceOfCounts(storage.counts);
  return (
    <li className="storage">
      <div className="row wrap">
        <Icon name={isRepoKind(storage.type) ? 'repo' : 'store'} />
        <span className="grow storage-name"><b className="b cut">{name}</b><span className="muted small cut">{[storage.title ? placeOf(storage) : '', counts].filter(Boolean).join(' · ')}{storage.last_sync && <span title={moment(storage.last_sync)}>{(storage.title || counts) && ' · '}{ago(storage.last_sync) === 'now' ? 'synced just now' : `synced ${ago(storage.last_sync)} ago`}</span>}</span></span>
        <Pill tone={tone}>{isRunning && <span className="turn" />}{word}</Pill>
        {isRepoKind(storage.type) && <label className="check follow" title="New commits are read within ten seconds"><input type="checkbox" checked={storage.follow === true} disabled={follow.isPending} onChange={(event) => follow.mutate(event.target.checked)} />Follow</label>}
        <button type="button" className="btn" disabled={sync.isPending || isRunning} onClick={() => sync.mutate()} aria-label={`Sync ${name}`}><Icon name="again" />Sync</button>
        <StorageMenu project={project} storage={storage} direction="source" name={name} onEdit={onEdit} />
      </div>
      {!isRunning && storage.status === 'completed' && storage.traceback && <p className="small two">{storage.traceback}</p>}
      <StorageJob id={job} />
      {storage.traceback && (storage.status === 'completed_with_errors' || (storage.status === 'failed' && !job)) && <Problems text={storage.traceback} isFailed={storage.status === 'failed'} />}
    </li>
  );
}

/** Why a sync failed, or which files it could not use. */
const Problems = ({ text, isFailed }: { text: string; isFailed: boolean }) => (
  <div className="storage-job"><Notice tone={isFailed ? 'bad' : 'warn'}>{!isFailed && <b>Some files could not be used. The rest is in.</b>}<div className="left-out" role="region" aria-label="What went wrong" tabIndex={0}>{text.split('\n').map((line) => <p key={line}>{line}</p>)}</div></Notice></div>
);
