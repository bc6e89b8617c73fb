import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ADMIN, type AdminWorkspace, adminWorkspacesQuery, deleteWorkspace, renameWorkspace } from '../../api/admin';
import { sessionQuery } from '../../api/session';
import { NewWorkspace } from '../../app/new-workspace';
import { Top } from '../../app/top';
import { useWorkspaceChoice } from '../../app/workspace';
import { Confirm, Dialog } from '../../ui/dialog';
import { count, counted, day } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { Link } from '@tanstack/react-router';
import { AdminTabs } from './admin-frame';

/** Which workspaces are there, and how much is in each? */
export function AdminWorkspaces() {
  const found = useQuery(adminWorkspacesQuery);
  const [making, setMaking] = useState(false);
  const client = useQueryClient();
  const close = () => {
    setMaking(false);
    void client.invalidateQueries(adminWorkspacesQuery);
  };
  return (
    <>
      <Top crumb="Administration" title="Workspaces">
        {found.data && <span className="muted wide">{counted(found.data.length, 'workspace')}</span>}
        <span className="grow" />
        <button type="button" className="btn primary" onClick={() => setMaking(true)}><Icon name="plus" />New workspace</button>
      </Top>
      <AdminTabs />
      <div className="table-scroll" role="region" aria-label="Workspaces" tabIndex={0}>
        {found.isPending && <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>}
        {found.isError && <Failure error={found.error} retry={() => void found.refetch()} what="The list of workspaces" />}
        {found.data && (
          <table className="table">
            <thead><tr><th>Workspace</th><th className="num wide">People</th><th className="num wide">Service accounts</th><th className="num">Projects</th><th className="num wide">Repos</th><th className="num wide">Since</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
            <tbody>{found.data.map((each) => <Row key={each.id} workspace={each} />)}</tbody>
          </table>
        )}
      </div>
      {making && <NewWorkspace onClose={close} />}
    </>
  );
}

function Row({ workspace }: { workspace: AdminWorkspace }) {
  const [open, setOpen] = useState<'name' | 'delete'>();
  const choose = useWorkspaceChoice((state) => state.choose);
  const client = useQueryClient();
  const title = workspace.title || workspace.name;
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ADMIN });
    await client.invalidateQueries(sessionQuery);
  };
  const remove = async () => {
    await deleteWorkspace(workspace.id);
    await refresh();
    say(`The workspace ${title} is deleted.`);
  };
  return (
    <tr>
      <td className="main"><Link to="/members" className="link" onClick={() => choose(workspace.id)}>{title}</Link><span className="muted small mono cut" style={{ display: 'block' }}>{workspace.name}</span></td>
      <td className="num wide">{count(workspace.people)}</td><td className="num wide">{count(workspace.service_accounts)}</td>
      <td className="num">{count(workspace.projects)}</td><td className="num wide">{count(workspace.repos)}</td>
      <td className="num muted wide">{day(workspace.created_at)}</td>
      <td className="tight">
        <span className="row admin-acts">
          <button type="button" className="btn ghost icon" aria-label={`Rename ${title}`} title={`Rename ${title}`} onClick={() => setOpen('name')}><Icon name="pencil" /></button>
          <button type="button" className="btn danger-ghost" aria-label={`Delete ${title}`} onClick={() => setOpen('delete')}><span className="wide">Delete</span><span className="slim"><Icon name="trash" /></span></button>
        </span>
        {open === 'name' && <Rename workspace={workspace} onClose={() => setOpen(undefined)} onDone={refresh} />}
        {open === 'delete' && (
          <Confirm title={`Delete ${title}?`} action="Delete workspace" typed={workspace.name} onConfirm={remove} onClose={() => setOpen(undefined)}>
            <p>{counted(workspace.people, 'member')} lose{workspace.people === 1 ? 's' : ''} their role, and {counted(workspace.service_accounts, 'service account')} with {workspace.service_accounts === 1 ? 'its' : 'their'} tokens end for good.</p>
            <p className="two">Only an empty workspace can be deleted: its projects and repos are deleted first, each of which can be restored for 30 days.</p>
          </Confirm>
        )}
      </td>
    </tr>
  );
}

function Rename({ workspace, onClose, onDone }: { workspace: AdminWorkspace; onClose: () => void; onDone: () => Promise<void> }) {
  const [values, setValues] = useState({ name: workspace.name, title: workspace.title });
  const rename = useMutation({
    mutationFn: () => renameWorkspace(workspace.id, { name: values.name.trim(), title: values.title.trim() }),
    onSuccess: async () => { await onDone(); say('The workspace is renamed.'); onClose(); },
  });
  const wrong = elsewhereWrong(rename.error, ['name', 'title']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="rename-workspace" className="btn primary" disabled={!values.name.trim() || rename.isPending}>Save</button></>;
  return (
    <Dialog title="Rename the workspace" onClose={onClose} foot={foot}>
      <form id="rename-workspace" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); rename.mutate(); }}>
        <Field label="Title" hint="As people read it" wrong={wrongWith(rename.error, 'title')}>{(wiring) => <input {...wiring} className="input" autoFocus maxLength={200} value={values.title} onChange={(event) => setValues({ ...values, title: event.target.value })} />}</Field>
        <Field label="Name" hint="As programs write it: scripts that name the old one find nothing" wrong={wrongWith(rename.error, 'name')}>{(wiring) => <input {...wiring} className="input" value={values.name} onChange={(event) => setValues({ ...values, name: event.target.value })} />}</Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}
