import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { createModel } from '../../api/mlflow';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf } from '../../ui/parts';

/** What MLflow does not take in a model's name, in words. */
export const wrongModelName = (name: string): string | undefined => (/[/:]/.test(name) ? 'A name holds no / and no :' : undefined);

/** Makes a registered model without a version yet. */
export function NewModel({ workspace, onClose }: { workspace: number; onClose: () => void }) {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () => createModel(workspace, name.trim(), description.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['models'] });
      onClose();
      await navigate({ to: '/models/$name', params: { name: name.trim() }, search: { w: workspace } });
    },
  });
  const wrong = wrongModelName(name);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="new-model" className="btn primary" disabled={!name.trim() || wrong !== undefined || create.isPending}>{create.isPending && <span className="turn" />}Create model</button>
    </>
  );
  return (
    <Dialog title="New model" onClose={onClose} foot={foot}>
      <form id="new-model" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="Such as garage-detector; notebooks load it by this name" wrong={wrong ?? (create.error ? messageOf(create.error) : undefined)}>{(wiring) => <input {...wiring} className="input" value={name} onChange={(event) => setName(event.target.value)} maxLength={250} autoFocus />}</Field>
        <Field label="What it does" hint="It can be left empty">{(wiring) => <input {...wiring} className="input" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />}</Field>
      </form>
    </Dialog>
  );
}
