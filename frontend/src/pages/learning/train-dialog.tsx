import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { address } from '../../api/addresses';
import { type Backend, builtinsQuery, gateQuery, startTraining, type Training, type TrainingSpec } from '../../api/learning';
import { viewsQuery } from '../../api/tasks';
import { versionsQuery } from '../../api/versions';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { useSettled } from '../../ui/use-settled';
import { shortId } from '../repos/names';
import { refOf } from '../versions/versions';
import { FindingList } from './findings';
import { InSight } from './in-sight';
import { ParamFields } from './param-fields';
import { areParamsFine, settingsIn, settingsText, typedOf, valuesOf } from './params';
import { useLearningAct } from './use-learning';
import { nameOfBackend } from './words';

interface Props {
  project: Project;
  backend: Backend;
  manages: boolean;
  /** The training before it, whose settings are offered again. */
  before: Training | undefined;
  onStarted: (training: Training) => void;
  onClose: () => void;
}

const ALL_WORK = '';
/** Before the name of a commit. */
const AS_OF = 'as of ';
const [LEAST_HELD, MOST_HELD] = [0, 90];
/** Commits to choose from; older ones are chosen by the API. */
const MOST_COMMITS = 50;

/** What to train on and how, with what was found in the labels before it starts. */
export function TrainDialog({ project, backend, manages, before, onStarted, onClose }: Props) {
  const form = useTrainForm(project, backend, before);
  const settled = useSettled(form.spec, 350);
  const gate = useQuery({ ...gateQuery(project.id, backend.id, settled), enabled: form.isReady, placeholderData: (last) => last });
  const [reason, setReason] = useState('');
  const isNothing = gate.data?.task_count === 0;
  // Of all that is found, this alone cannot be overridden: there is nothing to learn from.
  const stops = !isNothing && (gate.data?.findings.some(({ severity }) => severity === 'stop') ?? false);
  const start = useLearningAct(project.id, () => startTraining(project.id, backend.id, form.spec, stops ? reason.trim() : undefined), (training) => { say('The training is on its way.'); onStarted(training); }, true);
  const isOpen = form.isReady && gate.data !== undefined && !gate.isPlaceholderData && gate.data.task_count > 0 && (!stops || reason.trim() !== '');
  const submit = (event: FormEvent) => { event.preventDefault(); if (isOpen && !start.isPending) start.mutate(); };
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={start.isPending}>Cancel</button><button type="submit" form="train" className="btn primary" disabled={!isOpen || start.isPending}>{start.isPending && <span className="turn" />}{stops ? 'Train all the same' : gate.data && gate.data.task_count > 0 ? `Train on ${counted(gate.data.task_count - gate.data.held_out_count, 'task')}` : 'Train'}</button></>;
  return (
    <Dialog title={`Train ${nameOfBackend(backend)}`} onClose={onClose} foot={foot} busy={start.isPending} wide>
      <form id="train" className="train-form" onSubmit={submit}>
        <div className="col train-fields">
          <Source project={project} value={form.source} onChange={form.setSource} />
          <Settings form={form} backend={backend} />
          {manages && <label className="check"><input type="checkbox" checked={form.promotes} onChange={(event) => form.setPromotes(event.target.checked)} /><span>Let it serve at once if it is better<span className="muted small" style={{ display: 'block' }}>Better on the held-out tasks than what serves then</span></span></label>}
        </div>
        <div className="col train-gate" aria-live="polite">
          <h3>Checked before it starts</h3>
          {gate.isError && <Notice tone="bad">{messageOf(gate.error)} <button type="button" className="btn small" onClick={() => void gate.refetch()}>Check again</button></Notice>}
          {!gate.data && !gate.isError && <><Skeleton width="80%" /><Skeleton width="60%" /></>}
          {gate.data && (
            <>
              <p className="two">{isNothing ? <>There is no finished work to learn from {form.source === ALL_WORK ? <>yet: <a className="link" href={address(`projects/${project.id}/label`)}>label a few tasks</a>, then train.</> : 'in this view: choose another above, or all finished work.'}</> : <>{counted(gate.data.task_count, 'labelled task')}: it learns from {count(gate.data.task_count - gate.data.held_out_count)}, and is measured on {count(gate.data.held_out_count)} that it never sees.</>}</p>
              {!isNothing && <FindingList project={project.id} findings={gate.data.findings} />}
              {stops && <Field label="Why train all the same?" hint="Kept with the training, with your name">{(wiring) => <input {...wiring} className="input" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />}</Field>}
            </>
          )}
          {start.error && <InSight of={start.error}><Notice tone="bad" live>{messageOf(start.error)}</Notice></InSight>}
        </div>
      </form>
    </Dialog>
  );
}

type TrainForm = ReturnType<typeof useTrainForm>;

/** What stands in the form, and the training that it describes. */
function useTrainForm(project: Project, backend: Backend, before: Training | undefined) {
  const builtins = useQuery({ ...builtinsQuery(project.id), enabled: backend.builtin !== '' });
  const builtin = builtins.data?.find(({ name }) => name === backend.builtin);
  const params = builtin?.training ?? [];
  const views = useQuery(viewsQuery(project.id)).data ?? [];
  const kept = before?.spec.settings ?? {};
  const [source, setSource] = useState(ALL_WORK);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [free, setFree] = useState(() => (backend.builtin ? '' : settingsText(kept)));
  const [heldOut, setHeldOut] = useState(String(Math.round((before?.spec.held_out ?? 0.2) * 100)));
  const [seed, setSeed] = useState(String(before?.spec.seed ?? 0));
  const [promotes, setPromotes] = useState(before?.spec.promote === 'when_better');
  const shown = { ...typedOf(params, kept), ...typed };
  const own = settingsIn(free);
  const held = Number(heldOut);
  const wrongHeld = heldOut.trim() === '' || !(held >= LEAST_HELD && held <= MOST_HELD) ? `From ${LEAST_HELD} to ${MOST_HELD}.` : undefined;
  const wrongSeed = /^\d{1,9}$/.test(seed.trim()) ? undefined : 'Type a whole number.';
  const view = views.find(({ id }) => String(id) === source);
  const spec: TrainingSpec = {
    ...(view?.data.filters ? { filters: view.data.filters } : {}), ...(source.startsWith(AS_OF) ? { as_of: source.slice(AS_OF.length) } : {}),
    settings: backend.builtin ? valuesOf(params, shown) : own.values, held_out: held / 100, seed: Number(seed), promote: promotes ? 'when_better' : 'never',
  };
  const isKnown = backend.builtin === '' || builtins.isSuccess;
  return {
    spec, source, setSource, params, starts: builtin?.starts ?? [], shown, type: (name: string, text: string) => setTyped({ ...typed, [name]: text }), free, setFree, wrongFree: own.wrong, heldOut, setHeldOut, wrongHeld, seed, setSeed, wrongSeed, promotes, setPromotes, error: builtins.error,
    isReady: isKnown && wrongHeld === undefined && wrongSeed === undefined && (backend.builtin ? areParamsFine(params, shown) : own.wrong === undefined),
  };
}

/** Which work: all of it, that of a saved view, or the labels of a commit. */
function Source({ project, value, onChange }: { project: Project; value: string; onChange: (value: string) => void }) {
  const views = useQuery(viewsQuery(project.id)).data ?? [];
  const commits = useQuery({ ...versionsQuery(project.id), retry: false }).data ?? [];
  const filtered = views.filter(({ data }) => (data.filters?.items.length ?? 0) > 0 && !data.isPassing);
  return (
    <Field label="Learn from" hint="Only finished work counts: neither skipped nor rejected">
      {(wiring) => (
        <select {...wiring} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
          <option value={ALL_WORK}>All finished work</option>
          {filtered.length > 0 && <optgroup label="A view">{filtered.map(({ id, data }) => <option key={id} value={id}>{data.title ?? `View ${id}`}</option>)}</optgroup>}
          {commits.length > 0 && <optgroup label="The labels of a commit">{commits.slice(0, MOST_COMMITS).map((each) => <option key={each.commit.id} value={AS_OF + refOf(each)}>{each.tags[0] ?? shortId(each.commit.id)}, {each.commit.message.split('\n')[0] || 'no message'}</option>)}</optgroup>}
        </select>
      )}
    </Field>
  );
}

function Settings({ form, backend }: { form: TrainForm; backend: Backend }) {
  return (
    <>
      {form.error && <Notice tone="bad">{messageOf(form.error)}</Notice>}
      {form.params.length > 0 && <ParamFields params={form.params} typed={form.shown} onType={form.type} known={form.starts.length > 0 ? { start: form.starts } : {}} />}
      {!backend.builtin && <Field label={<>Settings for its training<span className="muted"> optional</span></>} hint="One a line, such as: epochs = 20. The model finds them as run.settings." wrong={form.wrongFree}>{(wiring) => <textarea {...wiring} className="input mono-input" rows={3} value={form.free} spellCheck={false} onChange={(event) => form.setFree(event.target.value)} />}</Field>}
      <div className="pair">
        <Field label="Held out, percent" hint="Measured on, never learnt from" wrong={form.wrongHeld}>{(wiring) => <input {...wiring} className="input" inputMode="decimal" value={form.heldOut} onChange={(event) => form.setHeldOut(event.target.value)} />}</Field>
        <Field label="Seed" hint="The same seed holds out the same tasks" wrong={form.wrongSeed}>{(wiring) => <input {...wiring} className="input" inputMode="numeric" value={form.seed} onChange={(event) => form.setSeed(event.target.value)} />}</Field>
      </div>
    </>
  );
}
