import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { isOver, jobQuery, reasonOf } from '../../api/jobs';
import { checkStorage, deleteStorage, type Direction, type Storage } from '../../api/storages';
import type { Project } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { messageOf, Notice } from '../../ui/parts';
import { say } from '../../ui/toast';
import { JobProgress } from '../jobs/job-progress';
import '../jobs/jobs.css';

interface MenuProps {
  project: Project;
  storage: Storage;
  direction: Direction;
  name: string;
  onEdit: () => void;
}

/** What is done to a storage besides its main act. */
export function StorageMenu({ project, storage, direction, name, onEdit }: MenuProps) {
  const [deleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const check = () => checkStorage(direction, storage.type, { project: project.id }, storage.id).then(
    () => say(`${name} answers.`),
    (error: unknown) => say(`${name}: ${messageOf(error)}`, { tone: 'bad' }),
  );
  const remove = async () => {
    await deleteStorage(direction, storage);
    await client.invalidateQueries({ queryKey: ['storages'] });
    say(`The ${direction} is removed.`);
  };
  return (
    <>
      <MenuTrigger>
        <Button className="btn ghost icon" aria-label={`More about ${name}`}><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label={name} style={{ outline: 'none' }} onAction={(key) => { if (key === 'edit') onEdit(); else if (key === 'check') void check(); else setDeleting(true); }}>
            <MenuItem id="edit"><Icon name="pencil" />Change…</MenuItem>
            <MenuItem id="check"><Icon name="check" />Check connection</MenuItem>
            <Separator />
            <MenuItem id="delete" className="danger"><Icon name="trash" />Remove…</MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      {deleting && (
        <Confirm title={`Remove ${name}?`} action={`Remove ${direction}`} onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>{direction === 'source' ? 'Its tasks and their annotations stay, but pictures that lie there are no longer shown, and new files no longer become tasks.' : 'What was written there stays. New annotations are no longer written.'}</p>
        </Confirm>
      )}
    </>
  );
}

export const isStorageBusy = ({ status }: Storage): boolean => status === 'queued' || status === 'in_progress';

/** The job of a storage to tell of: the one begun here, until the storage names a newer one; and how to name the one begun. */
export function useStorageJob(storage: Storage): [id: string | null | undefined, begun: (job: string | undefined) => void] {
  const [own, setOwn] = useState<{ id: string; before: string | null }>();
  const last = storage.last_sync_job ?? null;
  const isOwn = own !== undefined && (last === own.id || last === own.before);
  const told = isStorageBusy(storage) || storage.status === 'failed' ? last : null;
  return [isOwn ? own.id : told, (job) => setOwn(job === undefined ? undefined : { id: job, before: last })];
}

/** How far the job of a storage is, then why it failed; what it changed is loaded anew when it ends. */
export function StorageJob({ id }: { id: string | null | undefined }) {
  const job = useQuery({ ...jobQuery(id ?? ''), enabled: Boolean(id) }).data;
  const client = useQueryClient();
  const wasRunning = useRef(false);
  const settled = useRef(id); // what was over when this page came is no news
  const isRunning = job !== undefined && !isOver(job);
  const over = job !== undefined && !isRunning ? id : undefined;
  useEffect(() => {
    const isNews = wasRunning.current ? !isRunning : over !== undefined && over !== settled.current;
    if (isNews) void Promise.all(['storages', 'tasks', 'project', 'projects', 'columns', 'versions', 'repos', 'jobs'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    wasRunning.current = isRunning;
    if (over !== undefined) settled.current = over;
  }, [isRunning, over, client]);
  if (!job) return null;
  if (isRunning) return <div className="storage-job" role="status"><JobProgress job={job} /></div>;
  return job.state === 'failed' ? <div className="storage-job"><Notice tone="bad">{reasonOf(job)}</Notice></div> : null;
}
