import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { viewsQuery } from '../../api/tasks';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf } from '../../ui/parts';

interface SaveViewProps {
  project: number;
  onSave: (title: string) => Promise<unknown>;
  onClose: () => void;
}

export function SaveView({ project, onSave, onClose }: SaveViewProps) {
  const [title, setTitle] = useState('');
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => onSave(title.trim()),
    onSuccess: async () => {
      await client.invalidateQueries(viewsQuery(project));
      onClose();
    },
  });
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="save-view" className="btn primary" disabled={!title.trim() || save.isPending}>Save view</button>
    </>
  );
  return (
    <Dialog title="Save this view" onClose={onClose} foot={foot}>
      <form id="save-view" onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label="Name" hint="It stands over the table for everybody in the project." wrong={save.error ? messageOf(save.error) : undefined}>
          {(wiring) => <input {...wiring} className="input" value={title} onChange={(event) => setTitle(event.target.value)} maxLength={60} autoFocus />}
        </Field>
      </form>
    </Dialog>
  );
}
