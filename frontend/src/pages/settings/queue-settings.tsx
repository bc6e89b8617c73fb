import type { Project } from '../../api/types';
import { Field, wrongWith } from '../../ui/parts';
import { SaveBar, useProjectChange } from './settings';
import { useTyped } from './use-typed';

const SAMPLINGS: ReadonlyArray<readonly [sampling: string, words: string]> = [
  ['Sequential sampling', 'In order'], ['Uniform sampling', 'At random'], ['Uncertainty sampling', 'Those that the model is least sure of first'],
];
const SKIPS: ReadonlyArray<readonly [queue: string, words: string]> = [
  ['REQUEUE_FOR_OTHERS', 'goes to somebody else'], ['REQUEUE_FOR_ME', 'comes back to the same person'], ['IGNORE_SKIPPED', 'counts as done'],
];

/** How tasks are handed out, and when one is done. */
export function QueueSettings({ project }: { project: Project }) {
  const kept = {
    maximum_annotations: project.maximum_annotations, sampling: project.sampling, show_skip_button: project.show_skip_button,
    skip_queue: project.skip_queue, enable_empty_annotation: project.enable_empty_annotation,
  };
  const { values, changes, isChanged, set, letGo, reset } = useTyped(kept);
  const save = useProjectChange(project, 'Saved.');
  return (
    <section className="card" aria-labelledby="queue">
      <h2 id="queue">Who gets which task</h2>
      <div className="col" style={{ gap: 14 }}>
        <Field label="People per task" hint="A task is done when that many have labelled it" wrong={wrongWith(save.error, 'maximum_annotations')}>
          {(wiring) => <input {...wiring} className="input short" type="number" min={1} max={100} value={values.maximum_annotations} onChange={(event) => set('maximum_annotations', Math.max(1, Number(event.target.value)))} />}
        </Field>
        <Field label="Order" wrong={wrongWith(save.error, 'sampling')}>
          {(wiring) => <select {...wiring} className="input medium" value={values.sampling} onChange={(event) => set('sampling', event.target.value)}>{SAMPLINGS.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>}
        </Field>
        <label className="check"><input type="checkbox" checked={values.show_skip_button} onChange={(event) => set('show_skip_button', event.target.checked)} />Tasks can be skipped</label>
        {values.show_skip_button && (
          <Field label="A skipped task" wrong={wrongWith(save.error, 'skip_queue')}>
            {(wiring) => <select {...wiring} className="input medium" value={values.skip_queue} onChange={(event) => set('skip_queue', event.target.value)}>{SKIPS.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>}
          </Field>
        )}
        <label className="check"><input type="checkbox" checked={values.enable_empty_annotation} onChange={(event) => set('enable_empty_annotation', event.target.checked)} /><span>An annotation may be empty <span className="muted">nothing to see is an answer too</span></span></label>
        <SaveBar save={save} changed={isChanged} onReset={reset} onSave={() => save.mutate(changes, { onSuccess: () => letGo(changes) })} fields={['maximum_annotations', 'sampling', 'skip_queue']} />
      </div>
    </section>
  );
}
