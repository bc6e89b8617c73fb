import { useQuery } from '@tanstack/react-query';
import { backendsQuery } from '../../api/learning';
import { modelVersionsQuery } from '../../api/projects';
import type { Project } from '../../api/types';
import { count } from '../../ui/format';
import { Field, wrongWith } from '../../ui/parts';
import { nameOfVersion } from '../learning/words';
import { SaveBar, useProjectChange } from './settings';
import { useTyped } from './use-typed';

/** Whether annotators see predictions while they label, and of which model. */
export function Suggestions({ project }: { project: Project }) {
  const kept = { show_collab_predictions: project.show_collab_predictions, evaluate_predictions_automatically: project.evaluate_predictions_automatically ?? false, model_version: project.model_version ?? '' };
  const { values, changes, isChanged, set, letGo, reset } = useTyped(kept);
  const versions = Object.entries(useQuery(modelVersionsQuery(project.id)).data ?? {});
  const backends = useQuery({ ...backendsQuery(project.id), refetchInterval: false }).data ?? [];
  const save = useProjectChange(project, 'Saved.');
  return (
    <section className="card" aria-labelledby="suggestions">
      <h2 id="suggestions">Suggestions while labelling</h2>
      <div className="col" style={{ gap: 14 }}>
        <label className="check"><input type="checkbox" checked={values.show_collab_predictions} onChange={(event) => set('show_collab_predictions', event.target.checked)} /><span>Show predictions to annotators <span className="muted">dashed, until they are accepted</span></span></label>
        {values.show_collab_predictions && versions.length > 0 && (
          <Field label="Of the model" wrong={wrongWith(save.error, 'model_version')}>
            {(wiring) => (
              <select {...wiring} className="input medium" value={values.model_version} onChange={(event) => set('model_version', event.target.value)}>
                <option value="">The newest</option>
                {versions.map(([version, times]) => <option key={version} value={version}>{nameOfVersion(version, backends)} ({count(times)})</option>)}
              </select>
            )}
          </Field>
        )}
        <label className="check"><input type="checkbox" checked={values.evaluate_predictions_automatically} onChange={(event) => set('evaluate_predictions_automatically', event.target.checked)} /><span>Ask the connected model when a task is opened <span className="muted">a second and a half is waited for it at most</span></span></label>
        <SaveBar save={save} changed={isChanged} onReset={reset} onSave={() => save.mutate(changes, { onSuccess: () => letGo(changes) })} fields={['model_version']} />
      </div>
    </section>
  );
}
