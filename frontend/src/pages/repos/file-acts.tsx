import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { changeFiles, fileAddress, type Repo, type RepoFile, type RepoFolder, revertCommit } from '../../api/repos';
import { Confirm, Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice } from '../../ui/parts';
import { offerUndo, say, sayNotCopied } from '../../ui/toast';
import { nameOfPath } from './content-kind';
import { focusName, pathBeside } from './file-focus';
import { qualified } from './names';

interface ActsProps {
  repo: Repo;
  at: string;
  entry: RepoFile | RepoFolder;
  writes: boolean;
}

/** What is done with one file or folder. */
export function FileMenu({ repo, at, entry, writes }: ActsProps) {
  const [open, setOpen] = useState<'move' | 'delete' | null>(null);
  const navigate = useNavigate();
  const isFile = entry.type === 'file';
  const act = (key: string) => {
    if (key === 'move' || key === 'delete') setOpen(key);
    else if (key === 'download') download(fileAddress(repo.id, at, entry.path), nameOfPath(entry.path));
    else if (key === 'copy') void navigator.clipboard.writeText(textOf(repo, at, entry.path)).then(() => say('Its address is copied.'), sayNotCopied);
    else void navigate({ to: '/repos/$repoId/commits', params: { repoId: String(repo.id) }, search: { ref: at, path: entry.path } });
  };
  return (
    <>
      <MenuTrigger>
        <Button className="btn ghost icon" aria-label={`More about ${nameOfPath(entry.path)}`}><Icon name="dots" /></Button>
        <Popover placement="bottom end" className="menu">
          <Menu aria-label={nameOfPath(entry.path)} style={{ outline: 'none' }} onAction={(key) => act(String(key))}>
            {isFile ? <MenuItem id="download"><Icon name="download" />Download</MenuItem> : null}
            <MenuItem id="history"><Icon name="clock" />Its commits</MenuItem>
            {'clipboard' in navigator ? <MenuItem id="copy"><Icon name="copy" />Copy its address</MenuItem> : null}
            {writes ? <Separator /> : null}
            {writes ? <MenuItem id="move"><Icon name="pencil" />Rename or move…</MenuItem> : null}
            {writes ? <MenuItem id="delete" className="danger"><Icon name="trash" />Delete…</MenuItem> : null}
          </Menu>
        </Popover>
      </MenuTrigger>
      {open === 'move' && <MoveDialog repo={repo} branch={at} path={entry.path} onClose={() => setOpen(null)} />}
      {open === 'delete' && <DeleteDialog repo={repo} branch={at} path={entry.path} onClose={() => setOpen(null)} />}
    </>
  );
}

/** "images@master:/birds/heron.jpg": how the command line and programs name it. */
export const textOf = (repo: Repo, at: string, path: string): string => `${qualified(repo)}@${at}:/${path}`;

function download(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

export function DeleteDialog({ repo, branch, path, onClose }: { repo: Repo; branch: string; path: string; onClose: () => void }) {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['repos'] });
  const name = nameOfPath(path);
  const remove = async () => {
    const beside = pathBeside(path);
    const commit = await changeFiles(repo.id, { branch, message: `Delete ${path}`, delete: [path] });
    await refresh();
    focusName(beside);
    offerUndo(`${name} is deleted.`, () => revertCommit(repo.id, commit.id, branch).then(refresh), `${name} is back.`);
  };
  return (
    <Confirm title={`Delete ${name}?`} action={path.endsWith('/') ? 'Delete folder' : 'Delete file'} onConfirm={remove} onClose={onClose}>
      <p>{path.endsWith('/') ? 'Every file in it is' : 'It is'} gone from <b className="b">{branch}</b> with a new commit. Older commits and tags still hold it.</p>
    </Confirm>
  );
}

export function MoveDialog({ repo, branch, path, onClose }: { repo: Repo; branch: string; path: string; onClose: () => void }) {
  const [to, setTo] = useState(path);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const client = useQueryClient();
  const wanted = path.endsWith('/') && !to.endsWith('/') ? `${to}/` : to;
  const move = async () => {
    setBusy(true);
    try {
      await changeFiles(repo.id, { branch, message: `Move ${path} to ${wanted}`, move: [{ from: path, to: wanted }] });
      await client.invalidateQueries({ queryKey: ['repos'] });
      say(`It is ${wanted} now.`);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={isBusy}>Cancel</button><button type="submit" form="move" className="btn primary" disabled={!to.trim() || wanted === path || isBusy}>{isBusy && <span className="turn" />}Move</button></>;
  return (
    <Dialog title={`Move ${nameOfPath(path)}`} onClose={onClose} foot={foot} busy={isBusy}>
      <form id="move" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void move(); }}>
        <Field label="New path" hint={<>Folders are divided by slashes. One commit on <span className="mono">{branch}</span>.</>}>{(wiring) => <input {...wiring} className="input mono-input" autoFocus spellCheck={false} value={to} onChange={(event) => setTo(event.target.value)} />}</Field>
        {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
      </form>
    </Dialog>
  );
}
