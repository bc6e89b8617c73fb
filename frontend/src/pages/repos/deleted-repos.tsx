import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type DeletedRepo, deletedReposQuery, restoreRepo } from '../../api/repos';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { Dialog } from '../../ui/dialog';
import { ago, counted, day } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';

/** The deleted repos of a workspace that can still be brought back; nothing where there are none. */
export function DeletedRepos({ workspace }: { workspace: Workspace | undefined }) {
  const deleted = useQuery({ ...deletedReposQuery, enabled: may(workspace, 'manage') }).data ?? [];
  const here = deleted.filter((each) => each.workspace.id === workspace?.id);
  const [isOpen, setOpen] = useState(false);
  if (here.length === 0) return null;
  return (
    <>
      <button type="button" className="btn ghost" onClick={() => setOpen(true)}><Icon name="trash" /><span>{here.length} deleted</span></button>
      {isOpen && <Dialog title={counted(here.length, 'deleted repo')} onClose={() => setOpen(false)}><ul className="lines">{here.map((repo) => <Row key={repo.id} repo={repo} onBack={() => { if (here.length === 1) setOpen(false); }} />)}</ul></Dialog>}
    </>
  );
}

function Row({ repo, onBack }: { repo: DeletedRepo; onBack: () => void }) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    try {
      await restoreRepo(repo.id);
      onBack();
      say(`${repo.name} is back.`);
      await client.invalidateQueries({ queryKey: ['repos'] });
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
      setBusy(false);
    }
  };
  return (
    <li className="row wrap">
      <span className="grow"><b className="b">{repo.name}</b><span className="muted small" style={{ display: 'block' }}>deleted {ago(repo.deleted_at) === 'now' ? 'just now' : `${ago(repo.deleted_at)} ago`} · kept until {day(repo.restore_until)}</span></span>
      <button type="button" className="btn" disabled={isBusy} onClick={() => void restore()} aria-label={`Bring ${repo.name} back`}>{isBusy ? <span className="turn" /> : <Icon name="undo" />}Bring it back</button>
    </li>
  );
}
