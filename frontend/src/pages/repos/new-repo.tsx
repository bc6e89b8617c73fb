import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { createRepo } from '../../api/repos';
import type { Workspace } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { wrongRepoName } from './names';

/** Makes a repo and opens it. */
export function NewRepo({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () => createRepo({ name, workspace: workspace.id, description: description.trim() }),
    onSuccess: async (repo) => {
      await client.invalidateQueries({ queryKey: ['repos'] });
      onClose();
      await navigate({ to: '/repos/$repoId', params: { repoId: String(repo.id) } });
    },
  });
  const wrong = wrongRepoName(name) ?? wrongWith(create.error, 'name');
  const elsewhere = elsewhereWrong(create.error, ['name', 'description']);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="new-repo" className="btn primary" disabled={!name || wrongRepoName(name) !== undefined || create.isPending}>{create.isPending && <span className="turn" />}Create repo</button>
    </>
  );
  return (
    <Dialog title="New repo" onClose={onClose} foot={foot}>
      <form id="new-repo" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint={name && !wrong ? <>On the command line: <span className="mono">treadle put {workspace.name}/{name}@master:/… -f FILE</span></> : 'Such as images or labels'} wrong={wrong}>
          {(wiring) => <input {...wiring} className="input mono-input" value={name} onChange={(event) => setName(event.target.value)} autoFocus spellCheck={false} autoCapitalize="off" maxLength={80} />}
        </Field>
        <Field label="What it holds" hint="So that others know; it can be left empty" wrong={wrongWith(create.error, 'description')}>
          {(wiring) => <input {...wiring} className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={500} />}
        </Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}
