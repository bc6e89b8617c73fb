import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createWorkspace, sessionQuery } from '../api/session';
import { rich } from '../i18n/rich';
import { t } from '../i18n/words';
import { Dialog } from '../ui/dialog';
import { elsewhereWrong, Field, Notice, wrongWith } from '../ui/parts';
import { useWorkspaceChoice } from './workspace';

/** Lower-case letters, digits and hyphens: what a workspace may be called in addresses. */
export function slugOf(title: string): string {
  return title.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 63);
}

export function NewWorkspace({ onClose }: { onClose: () => void }) {
  const [title, setTitle] = useState('');
  const client = useQueryClient();
  const choose = useWorkspaceChoice((state) => state.choose);
  const create = useMutation({
    mutationFn: createWorkspace,
    onSuccess: async (workspace) => {
      await client.invalidateQueries(sessionQuery);
      choose(workspace.id);
      onClose();
    },
  });
  const name = slugOf(title);
  const submit = () => create.mutate({ title: title.trim(), name });
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
      <button type="submit" form="new-workspace" className="btn primary" disabled={!name || create.isPending}>{t('Create workspace')}</button>
    </>
  );
  const elsewhere = elsewhereWrong(create.error, ['name', 'title']);
  return (
    <Dialog title={t('New workspace')} onClose={onClose} foot={foot}>
      <p className="two">{t('A workspace holds projects and the people who may see them.')}</p>
      <form id="new-workspace" onSubmit={(event) => { event.preventDefault(); submit(); }}>
        <Field label={t('Name')} hint={name ? rich('In addresses: {name}', { name: <span className="mono">{name}</span> }) : t('For example the name of your team')} wrong={wrongWith(create.error, 'title') ?? wrongWith(create.error, 'name')}>
          {(wiring) => <input {...wiring} className="input" value={title} onChange={(event) => setTitle(event.target.value)} autoFocus maxLength={80} />}
        </Field>
      </form>
      {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
    </Dialog>
  );
}
