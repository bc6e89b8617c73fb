import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type RegisteredModel, removeAlias, setAlias } from '../../api/mlflow';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice } from '../../ui/parts';
import { offerUndo } from '../../ui/toast';

/** What MLflow takes as an alias, said when it would not. */
export function wrongAlias(alias: string): string | undefined {
  if (alias === '') return undefined;
  if (!/^[\w-]+$/.test(alias)) return 'Letters, digits, - and _ only.';
  if (/^v\d+$/i.test(alias)) return 'v with a number reads as a version: choose another.';
  return alias.toLowerCase() === 'latest' ? '“latest” always means the newest version: choose another.' : undefined;
}

/** Puts aliases onto a version and takes them away: what serves "champion" serves this version then. */
export function AliasDialog({ workspace, model, version, onClose }: { workspace: number; model: RegisteredModel; version: string; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const client = useQueryClient();
  const { name, aliases = [] } = model;
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['models'] }), client.invalidateQueries({ queryKey: ['promotions'] })]);
  const put = useMutation({
    mutationFn: async (alias: string) => {
      const before = aliases.find((each) => each.alias === alias)?.version;
      await setAlias(workspace, name, alias, version);
      await refresh();
      if (before !== version) offerUndo(before ? `${alias} is version ${version} now, no longer ${before}.` : `${alias} is version ${version}.`, async () => { await (before ? setAlias(workspace, name, alias, before) : removeAlias(workspace, name, alias)); await refresh(); }, 'It is as it was.');
    },
    onSuccess: () => { setTyped(''); onClose(); },
  });
  const take = useMutation({
    mutationFn: async (alias: string) => {
      await removeAlias(workspace, name, alias);
      await refresh();
      offerUndo(`No version is ${alias} now.`, async () => { await setAlias(workspace, name, alias, version); await refresh(); }, `${alias} is version ${version} again.`);
    },
    onSuccess: onClose,
  });
  const [own, others] = [aliases.filter((each) => each.version === version), aliases.filter((each) => each.version !== version)];
  const wrong = wrongAlias(typed.trim());
  const moved = others.find(({ alias }) => alias === typed.trim());
  const error = put.error ?? take.error;
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="alias" className="btn primary" disabled={!typed.trim() || wrong !== undefined || put.isPending}>{moved ? `Move ${moved.alias} here` : 'Set alias'}</button></>;
  return (
    <Dialog title={`Aliases of version ${version}`} onClose={onClose} foot={foot}>
      {own.length > 0 && <ul className="tag-list">{own.map(({ alias }) => <li key={alias} className="chip"><b>{alias}</b><button type="button" className="x" aria-label={`Take ${alias} away`} disabled={take.isPending} onClick={() => take.mutate(alias)}><Icon name="close" /></button></li>)}</ul>}
      <form id="alias" className="col" style={{ gap: 10 }} onSubmit={(event) => { event.preventDefault(); put.mutate(typed.trim()); }}>
        <Field label="Alias" hint={moved ? <>Version {moved.version} has it now and loses it.</> : 'What loads the model by this name gets this version, such as champion'} wrong={wrong}>{(wiring) => <input {...wiring} className="input" value={typed} onChange={(event) => setTyped(event.target.value)} maxLength={250} autoFocus />}</Field>
        {others.length > 0 && <div className="row wrap">{others.map(({ alias, version: has }) => <button key={alias} type="button" className="chip dash" onClick={() => setTyped(alias)}>{alias} <span className="muted">is {has}</span></button>)}</div>}
      </form>
      {error && <Notice tone="bad" live>{messageOf(error)}</Notice>}
    </Dialog>
  );
}
