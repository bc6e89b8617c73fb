import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { changeRepo, checkRepo, deleteRepo, freeSpace, type Repo, restoreRepo } from '../../api/repos';
import { Confirm, Dialog } from '../../ui/dialog';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Field, messageOf, Notice, wrongWith } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { KeepingDialog } from './keeping-dialog';
import { wrongRepoName } from './names';
import { StagingDialog } from './staging-dialog';

/** What is done to a repo as a whole. */
export function RepoMenu({ repo }: { repo: Repo }) {
  const [open, setOpen] = useState<'change' | 'staging' | 'keeping' | 'delete' | null>(null);
  const client = useQueryClient();
  const navigate = useNavigate();
  if (!repo.may_write) return null;
  const refresh = () => client.invalidateQueries({ queryKey: ['repos'] });
  const start = (work: Promise<{ job: string }>, said: string) => work.then(
    ({ job }) => {
      say(said, { action: { name: 'See the job', run: () => void navigate({ to: '/jobs', search: { job } }) } });
      return client.invalidateQueries({ queryKey: ['jobs'] });
    },
    (error: unknown) => say(messageOf(error), { tone: 'bad' }),
  );
  const act = (key: string) => {
    if (key === 'check') void start(checkRepo(repo.id), `Every file of ${repo.name} is being checked.`);
    else if (key === 'free') void start(freeSpace(repo.id), `What ${repo.name} no longer needs is being freed.`);
    else if (key === 'project') void navigate({ to: '/projects/new', search: { repo: repo.id } });
    else setOpen(key as 'change' | 'staging' | 'keeping' | 'delete');
  };
  const remove = async () => {
    await deleteRepo(repo.id);
    await navigate({ to: '/repos' });
    await refresh();
    offerUndo(`${repo.name} is deleted.`, () => restoreRepo(repo.id).then(refresh), `${repo.name} is back.`);
  };
  return (
    <>
      <MenuTrigger>
        <Button className="btn icon" aria-label={`More about ${repo.name}`}><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label={repo.name} style={{ outline: 'none' }} onAction={(key) => act(String(key))}>
            <MenuItem id="change"><Icon name="pencil" />Rename or describe…</MenuItem>
            <MenuItem id="staging"><Icon name="commit" />When staged files are committed…</MenuItem>
            {repo.may_delete ? <MenuItem id="keeping"><Icon name="clock" />How long commits are kept…</MenuItem> : null}
            <Separator />
            <MenuItem id="project"><Icon name="plus" />New project from it…</MenuItem>
            <MenuItem id="check"><Icon name="check" />Check every file</MenuItem>
            <MenuItem id="free"><Icon name="store" />Free unused space</MenuItem>
            <Separator />
            {repo.may_delete ? <MenuItem id="delete" className="danger"><Icon name="trash" />Delete repo…</MenuItem> : null}
          </Menu>
        </Popover>
      </MenuTrigger>
      {open === 'change' && <ChangeRepo repo={repo} onClose={() => setOpen(null)} />}
      {open === 'staging' && <StagingDialog repo={repo} onClose={() => setOpen(null)} />}
      {open === 'keeping' && <KeepingDialog repo={repo} onClose={() => setOpen(null)} />}
      {open === 'delete' && (
        <Confirm title={`Delete ${repo.name}?`} action="Delete repo" typed={repo.name} onConfirm={remove} onClose={() => setOpen(null)}>
          <p>{counted(repo.files, 'file')} ({bytes(repo.size_bytes)}), every commit, {counted(repo.branches, 'branch', 'branches')} and every tag go, for everybody. Projects that take their tasks from it keep them and their labels, and get no new files.</p>
          <p className="two">It is kept for 30 days and can be brought back until then; after that the pictures of those tasks are gone too.</p>
        </Confirm>
      )}
    </>
  );
}

function ChangeRepo({ repo, onClose }: { repo: Repo; onClose: () => void }) {
  const [name, setName] = useState(repo.name);
  const [description, setDescription] = useState(repo.description);
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => changeRepo(repo.id, { name, description: description.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['repos'] });
      say('Saved.');
      onClose();
    },
  });
  const elsewhere = elsewhereWrong(save.error, ['name', 'description']);
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="change-repo" className="btn primary" disabled={!name || wrongRepoName(name) !== undefined || save.isPending}>Save</button></>;
  return (
    <Dialog title={repo.name} onClose={onClose} foot={foot}>
      <form id="change-repo" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label="Name" hint={name === repo.name ? undefined : 'Scripts that name it by its old name no longer find it'} wrong={wrongRepoName(name) ?? wrongWith(save.error, 'name')}>{(wiring) => <input {...wiring} className="input mono-input" autoFocus spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="What it holds" wrong={wrongWith(save.error, 'description')}>{(wiring) => <input {...wiring} className="input" value={description} maxLength={500} onChange={(event) => setDescription(event.target.value)} />}</Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}
