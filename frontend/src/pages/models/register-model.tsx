import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ApiError } from '../../api/client';
import { createModel, createVersion, modelsQuery } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { wrongModelName } from './new-model';

interface RegisterProps {
  workspace: Workspace;
  run: string;
  source: string;
  model: string;
  suggested: string;
  onClose: () => void;
}

/** Makes a model that a run logged a version of a registered model; one that is not there yet is made too. */
export function RegisterModel({ workspace, run, source, model, suggested, onClose }: RegisterProps) {
  const [name, setName] = useState(suggested);
  const id = useId();
  const client = useQueryClient();
  const known = useInfiniteQuery(modelsQuery(workspace.id, '')).data?.pages.flatMap((page) => page.registered_models ?? []) ?? [];
  const isNew = !known.some((each) => each.name === name.trim());
  const register = useMutation({
    mutationFn: async () => {
      const wanted = name.trim();
      if (isNew) await createModel(workspace.id, wanted, '').catch((error: unknown) => { if (!(error instanceof ApiError && error.code === 'RESOURCE_ALREADY_EXISTS')) throw error; });
      return createVersion(workspace.id, { name: wanted, source, run_id: run, model_id: model });
    },
    onSuccess: async (version) => {
      await Promise.all([client.invalidateQueries({ queryKey: ['models'] }), client.invalidateQueries({ queryKey: ['model-versions'] })]);
      say(`It is version ${version.version} of ${version.name}.`);
      onClose();
    },
  });
  const wrong = wrongModelName(name);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>Cancel</button>
      <button type="submit" form="register-model" className="btn primary" disabled={!name.trim() || wrong !== undefined || register.isPending}>{register.isPending && <span className="turn" />}Register</button>
    </>
  );
  return (
    <Dialog title="Register this model" onClose={onClose} foot={foot}>
      <form id="register-model" onSubmit={(event) => { event.preventDefault(); register.mutate(); }}>
        <Field label="As a version of" hint={isNew ? 'A new registered model' : 'Its next version'} wrong={wrong ?? (register.error ? messageOf(register.error) : undefined)}>
          {(wiring) => <><input {...wiring} className="input" list={id} value={name} onChange={(event) => setName(event.target.value)} maxLength={250} autoFocus /><datalist id={id}>{known.map((each) => <option key={each.name} value={each.name} />)}</datalist></>}
        </Field>
      </form>
    </Dialog>
  );
}
