import type { Project } from '../../api/types';
import { Field, wrongWith } from '../../ui/parts';
import { SaveBar, useProjectChange } from './settings';
import { useTyped } from './use-typed';

/** Title, description, and what annotators are told. */
export function General({ project }: { project: Project }) {
  const kept = { title: project.title, description: project.description ?? '', expert_instruction: project.expert_instruction ?? '', show_instruction: project.show_instruction };
  const { values, changes, isChanged, set, letGo, reset } = useTyped(kept);
  const save = useProjectChange(project, 'Saved.');
  return (
    <section className="card" aria-labelledby="general">
      <h2 id="general">General</h2>
      <div className="col" style={{ gap: 14 }}>
        <Field label="Title" wrong={wrongWith(save.error, 'title')}>{(wiring) => <input {...wiring} className="input" value={values.title} maxLength={100} onChange={(event) => set('title', event.target.value)} />}</Field>
        <Field label="Description" hint="Stands on the project’s card" wrong={wrongWith(save.error, 'description')}>{(wiring) => <textarea {...wiring} className="input" rows={2} value={values.description} onChange={(event) => set('description', event.target.value)} />}</Field>
        <Field label="Instructions to annotators" hint="What to label, what to leave out, what to do when unsure. Annotators can open them at any time." wrong={wrongWith(save.error, 'expert_instruction')}>
          {(wiring) => <textarea {...wiring} className="input" rows={6} value={values.expert_instruction} onChange={(event) => set('expert_instruction', event.target.value)} />}
        </Field>
        <label className="check"><input type="checkbox" checked={values.show_instruction} onChange={(event) => set('show_instruction', event.target.checked)} />Show them before the first task</label>
        <SaveBar save={save} changed={isChanged} onReset={reset} onSave={() => save.mutate(changes, { onSuccess: () => letGo(changes) })} fields={['title', 'description', 'expert_instruction']} />
      </div>
    </section>
  );
}
