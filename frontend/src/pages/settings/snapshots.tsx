import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { convertSnapshot, deleteSnapshot, snapshotAddress, snapshotsQuery } from '../../api/snapshots';
import { nameOf } from '../../api/session';
import { exportFormats } from '../../api/transfer';
import type { Project, Snapshot } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { NewSnapshot } from './new-snapshot';

/** Exports that are kept as they were at one moment, in any format. */
export function Snapshots({ project }: { project: Project }) {
  const snapshots = useQuery(snapshotsQuery(project.id));
  const [making, setMaking] = useState(false);
  return (
    <section className="card" aria-labelledby="snapshots">
      <div className="row card-head"><h2 id="snapshots">Snapshots</h2><span className="grow" /><button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />New snapshot</button></div>
      <p className="two">A snapshot keeps the annotations as they are now, so that the same file can be downloaded again later, in any format.</p>
      {snapshots.isPending && <Skeleton width="50%" />}
      {snapshots.isError && <Failure error={snapshots.error} retry={() => void snapshots.refetch()} what="The list of snapshots" />}
      <ul className="lines">{snapshots.data?.map((each) => <Row key={each.id} project={project} snapshot={each} />)}</ul>
      {making && <NewSnapshot project={project} onClose={() => setMaking(false)} />}
    </section>
  );
}

function Row({ project, snapshot }: { project: Project; snapshot: Snapshot }) {
  const [deleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const name = snapshot.title || `Snapshot ${snapshot.id}`;
  const tasks = snapshot.counters?.['task_number'];
  const remove = async () => {
    await deleteSnapshot(project.id, snapshot.id);
    await client.invalidateQueries(snapshotsQuery(project.id));
    say(`“${name}” is deleted.`);
  };
  return (
    <li className="row wrap">
      <span className="grow"><b className="b">{name}</b>
        <span className="muted small" style={{ display: 'block' }}>{tasks === undefined ? '' : `${counted(tasks, 'task')} · `}<span title={moment(snapshot.created_at)}>{ago(snapshot.created_at) === 'now' ? 'just now' : `${ago(snapshot.created_at)} ago`}</span>{snapshot.created_by ? ` by ${nameOf(snapshot.created_by)}` : ''}</span>
      </span>
      {snapshot.status === 'failed' && <Pill tone="bad">failed</Pill>}
      {(snapshot.status === 'created' || snapshot.status === 'in_progress') && <Pill tone="accent"><span className="turn" />being written</Pill>}
      {snapshot.status === 'completed' && <Downloads project={project} snapshot={snapshot} name={name} />}
      <button type="button" className="btn danger-ghost" aria-label={`Delete ${name}`} onClick={() => setDeleting(true)}>Delete</button>
      {deleting && <Confirm title={`Delete “${name}”?`} action="Delete snapshot" onConfirm={remove} onClose={() => setDeleting(false)}><p>Its files go, in every format. The annotations themselves stay as they are now. This cannot be undone.</p></Confirm>}
    </li>
  );
}

/** The formats that are written, each as a download, and a menu to have another one written. */
function Downloads({ project, snapshot, name }: { project: Project; snapshot: Snapshot; name: string }) {
  const client = useQueryClient();
  const formats = useQuery({ queryKey: ['export-formats', project.id], queryFn: () => exportFormats(project.id) }).data ?? [];
  const convert = useMutation({
    mutationFn: (format: string) => convertSnapshot(project.id, snapshot.id, format),
    onSuccess: () => client.invalidateQueries(snapshotsQuery(project.id)),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const written = new Map(snapshot.converted_formats.map((each) => [each.export_type, each.status]));
  const others = formats.filter((each) => !each.disabled && each.name !== 'JSON' && !written.has(each.name));
  return (
    <span className="row wrap">
      {[['JSON', 'completed'] as const, ...written].map(([format, status]) => (status === 'completed'
        ? <a key={format} className="btn small" href={snapshotAddress(project.id, snapshot.id, format)} download aria-label={`Download ${name} as ${format}`}><Icon name="download" />{format.replaceAll('_', ' ')}</a>
        : <Pill key={format} tone={status === 'failed' ? 'bad' : 'accent'}>{status !== 'failed' && <span className="turn" />}{format.replaceAll('_', ' ')}{status === 'failed' ? ' failed' : ''}</Pill>))}
      {others.length > 0 && (
        <MenuTrigger>
          <Button className="btn small" aria-label={`${name} in another format`} isDisabled={convert.isPending}>Other format<Icon name="down" /></Button>
          <Popover placement="bottom end" className="menu"><Menu aria-label="Formats" style={{ outline: 'none' }} onAction={(key) => convert.mutate(String(key))}>{others.map((each) => <MenuItem key={each.name} id={each.name}>{each.title}</MenuItem>)}</Menu></Popover>
        </MenuTrigger>
      )}
    </span>
  );
}
