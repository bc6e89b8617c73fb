import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createExperiment, renameExperiment } from '../../api/mlflow';
import type { Experiment } from '../../api/tracking';
import type { Workspace } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf } from '../../ui/parts';

const MOST_LETTERS = 256;

/** Asks what an experiment is called: a new one, or one that is renamed. */
export function ExperimentName({ workspace, experiment, onClose }: { workspace: Workspace; experiment?: Experiment; onClose: () => void }) {
  const [name, setName] = useState(experiment?.name ?? '');
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: async () => void (experiment ? await renameExperiment(workspace.id, experiment.id, name.trim()) : await createExperiment(workspace.id, name.trim())),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['experiments'] });
      onClose();
    },
  });
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="experiment-name" className="btn primary" disabled={!name.trim() || save.isPending}>{save.isPending && <span className="turn" />}{experiment ? 'Rename' : 'Create experiment'}</button>
    </>
  );
  return (
    <Dialog title={experiment ? `Rename “${experiment.name}”` : 'New experiment'} onClose={onClose} foot={foot}>
      <form id="experiment-name" onSubmit={(event) => { event.preventDefault(); if (name.trim()) save.mutate(); }}>
        <Field label="Name" hint={experiment ? 'Scripts that log under the old name make a new experiment.' : 'What scripts name when they log: mlflow.set_experiment(…)'} wrong={save.error ? messageOf(save.error) : undefined}>
          {(wiring) => <input {...wiring} className="input" value={name} onChange={(event) => setName(event.target.value)} maxLength={MOST_LETTERS} autoFocus />}
        </Field>
      </form>
    </Dialog>
  );
}
