import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Backend, type BackendDraft, builtinsQuery, changeBackend, type Param, prelabelFailuresQuery, type UnknownLabels } from '../../api/learning';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { labelsOf } from '../tasks/task-kind';
import { AuthFields } from './auth-fields';
import { InSight } from './in-sight';
import { ParamFields } from './param-fields';
import { areParamsFine, type Asked, typedOf, USUAL_SETTINGS, valuesOf } from './params';
import { choiceOf, classesIn, settingOf, type UnknownChoice } from './unknown';
import { UnknownLabelsField } from './unknown-labels';
import { useLearningAct } from './use-learning';
import { nameOfBackend } from './words';

const FIELDS = ['title', 'url', 'basic_auth_user', 'basic_auth_pass', 'timeout'];
const UNKNOWN = 'unknown_labels';

/** Where regions without a label are known, a table can name them. */
const modesOf = (declared: Param | undefined): readonly string[] | undefined => (declared?.choices ? [...declared.choices, ...(declared.choices.includes('unlabelled') ? ['table'] : [])] : undefined);

/** The settings of a connection: they hold from the next question on. */
export function ConnectionDialog({ project, backend, onClose }: { project: Project; backend: Backend; onClose: () => void }) {
  const builtin = useQuery({ ...builtinsQuery(project.id), enabled: backend.builtin !== '' }).data?.find(({ name }) => name === backend.builtin);
  const declared = builtin?.connection.find(({ name }) => name === UNKNOWN);
  const params: readonly Asked[] = backend.builtin ? (builtin?.connection.filter(({ name }) => name !== UNKNOWN) ?? []) : USUAL_SETTINGS;
  const problems = useQuery({ ...prelabelFailuresQuery(project.id, backend.id, 1), retry: false }).data?.failures.map(({ problem }) => problem) ?? [];
  const { unknown_labels: unknown, ...settings } = backend.settings;
  const [title, setTitle] = useState(backend.title);
  const [url, setUrl] = useState(backend.url);
  const [auth, setAuth] = useState(backend.auth_method);
  const [user, setUser] = useState(backend.basic_auth_user ?? '');
  const [secret, setSecret] = useState('');
  const [timeout, setTimeoutTyped] = useState(String(backend.timeout));
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [chosen, setChoice] = useState<UnknownChoice>();
  const [isInteractive, setInteractive] = useState(backend.is_interactive);
  const shown = { ...typedOf(params, settings), ...typed };
  const choice = chosen ?? choiceOf(unknown ?? (declared?.default as UnknownLabels | undefined));
  const draft: BackendDraft = {
    title: title.trim(), timeout: Number(timeout), is_interactive: isInteractive, settings: { ...Object.fromEntries(params.map(({ name }) => [name, null])), ...valuesOf(params, shown), unknown_labels: settingOf(choice) },
    ...(backend.builtin ? {} : { url: url.trim(), auth_method: auth, basic_auth_user: user, ...(secret ? { basic_auth_pass: secret } : {}) }),
  };
  const save = useLearningAct(project.id, () => changeBackend(backend.id, draft), () => { say('Saved. The next question is asked with it.'); onClose(); }, true);
  const isFine = Number(timeout) > 0 && areParamsFine(params, shown) && (backend.builtin === '' || builtin !== undefined);
  const submit = (event: FormEvent) => { event.preventDefault(); if (isFine) save.mutate(); };
  const wrong = elsewhereWrong(save.error, FIELDS);
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={save.isPending}>Cancel</button><button type="submit" form="connection" className="btn primary" disabled={!isFine || save.isPending}>{save.isPending && <span className="turn" />}Save</button></>;
  return (
    <Dialog title={`Settings of ${nameOfBackend(backend)}`} onClose={onClose} foot={foot} busy={save.isPending} wide>
      <form id="connection" className="col" style={{ gap: 14 }} onSubmit={submit}>
        <div className="pair">
          <Field label="Title" wrong={wrongWith(save.error, 'title')}>{(wiring) => <input {...wiring} className="input" value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>
          <Field label="Longest wait for an answer, seconds" wrong={Number(timeout) > 0 ? wrongWith(save.error, 'timeout') : 'Type a number above 0.'}>{(wiring) => <input {...wiring} className="input" inputMode="decimal" value={timeout} onChange={(event) => setTimeoutTyped(event.target.value)} />}</Field>
        </div>
        {!backend.builtin && <Field label="Address" wrong={wrongWith(save.error, 'url')}>{(wiring) => <input {...wiring} className="input" type="url" required value={url} spellCheck={false} onChange={(event) => setUrl(event.target.value)} />}</Field>}
        {!backend.builtin && <AuthFields method={auth} user={user} secret={secret} isKept={backend.basic_auth_pass_is_set && auth === backend.auth_method} error={save.error} onMethod={setAuth} onUser={setUser} onSecret={setSecret} />}
        {params.length > 0 && <ParamFields params={params} typed={shown} onType={(name, value) => setTyped({ ...typed, [name]: value })} />}
        <label className="check"><input type="checkbox" checked={isInteractive} onChange={(event) => setInteractive(event.target.checked)} /><span>Ask it while somebody draws<span className="muted small" style={{ display: 'block' }}>For models that complete what one begins</span></span></label>
        <UnknownLabelsField choice={choice} labels={labelsOf(project)} seen={classesIn(problems)} modes={modesOf(declared)} onChange={setChoice} />
        {wrong && <InSight of={save.error}><Notice tone="bad" live>{wrong}</Notice></InSight>}
      </form>
    </Dialog>
  );
}
