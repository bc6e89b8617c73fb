import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Project } from '../../api/types';
import { actionsQuery, changeWebhook, createWebhook, type NewWebhook, type Webhook, type WebhookForm, WEBHOOKS } from '../../api/webhooks';
import { CopyLine } from '../../ui/copy-line';
import { Dialog } from '../../ui/dialog';
import { elsewhereWrong, Field, Notice, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { headerLines, headersIn, offered } from './words';

interface DialogProps {
  project: Pick<Project, 'id' | 'workspace'>;
  /** The one to change; none for a new one. */
  hook: Webhook | undefined;
  onClose: () => void;
  onMade: (made: NewWebhook) => void;
}

const EMPTY: WebhookForm = { url: '', send_payload: true, send_for_all_actions: true, actions: [], headers: {} };
const FIELDS = ['url', 'actions', 'headers'] as const;

/** Where it leads, what it is told of, and what else is sent along. */
export function WebhookDialog({ project, hook, onClose, onMade }: DialogProps) {
  const [isOfAll, setOfAll] = useState(hook?.project === null);
  const [form, setForm] = useState<WebhookForm>(hook ?? EMPTY);
  const [lines, setLines] = useState(headerLines(hook?.headers ?? {}));
  const client = useQueryClient();
  const { headers, wrong } = headersIn(lines);
  const sent: WebhookForm = { url: form.url.trim(), send_payload: form.send_payload, send_for_all_actions: form.send_for_all_actions, actions: form.actions, headers };
  const save = useMutation({
    mutationFn: async () => (hook ? void (await changeWebhook(hook.id, sent)) : createWebhook(isOfAll ? { workspace: project.workspace } : { project: project.id }, sent)),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: WEBHOOKS });
      if (made) onMade(made);
      else {
        say('The webhook is changed.');
        onClose();
      }
    },
  });
  const isNothing = !form.send_for_all_actions && form.actions.length === 0;
  const elsewhere = elsewhereWrong(save.error, FIELDS);
  const foot = <><button type="button" className="btn ghost" onClick={onClose} disabled={save.isPending}>Cancel</button><button type="submit" form="webhook" className="btn primary" disabled={!form.url.trim() || isNothing || wrong !== undefined || save.isPending}>{save.isPending && <span className="turn" />}{hook ? 'Save' : 'Create webhook'}</button></>;
  return (
    <Dialog title={hook ? 'Change webhook' : 'New webhook'} onClose={onClose} foot={foot} busy={save.isPending}>
      <form id="webhook" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label="Address" hint="What happens is sent there as JSON, by POST" wrong={wrongWith(save.error, 'url')}>{(wiring) => <input {...wiring} className="input mono" type="url" autoFocus required maxLength={2048} placeholder="https://example.com/hook" value={form.url} spellCheck={false} onChange={(event) => setForm({ ...form, url: event.target.value })} />}</Field>
        {!hook && <Field label="Of">{(wiring) => <select {...wiring} className="input" value={isOfAll ? 'all' : 'one'} onChange={(event) => setOfAll(event.target.value === 'all')}><option value="one">This project</option><option value="all">Every project in the workspace</option></select>}</Field>}
        <Actions isOfAll={isOfAll} form={form} wrong={wrongWith(save.error, 'actions')} onChange={(change) => setForm({ ...form, ...change })} />
        <label className="check"><input type="checkbox" checked={form.send_payload} onChange={(event) => setForm({ ...form, send_payload: event.target.checked })} /><span>Send what it happened to<span className="muted small" style={{ display: 'block' }}>The task, the annotation and the project; otherwise only the name of what happened.</span></span></label>
        <Field label={<>Headers<span className="muted"> optional</span></>} hint="One a line, such as Authorization: Bearer abc. They are kept sealed." wrong={wrong ?? wrongWith(save.error, 'headers')}>{(wiring) => <textarea {...wiring} className="input mono" rows={3} value={lines} spellCheck={false} onChange={(event) => setLines(event.target.value)} />}</Field>
        {elsewhere && <Notice tone="bad" live>{elsewhere}</Notice>}
      </form>
    </Dialog>
  );
}

interface ActionsProps {
  isOfAll: boolean;
  form: WebhookForm;
  wrong: string | undefined;
  onChange: (change: Partial<WebhookForm>) => void;
}

function Actions({ isOfAll, form, wrong, onChange }: ActionsProps) {
  const actions = useQuery(actionsQuery);
  const known = actions.data ? offered(actions.data, !isOfAll, form.actions) : [];
  const turn = (id: string, isOn: boolean) => onChange({ actions: isOn ? [...form.actions, id] : form.actions.filter((each) => each !== id) });
  return (
    <fieldset className="webhook-actions">
      <legend>Told of</legend>
      <label className="check"><input type="radio" name="told" checked={form.send_for_all_actions} onChange={() => onChange({ send_for_all_actions: true })} /><span>Everything that happens</span></label>
      <label className="check"><input type="radio" name="told" checked={!form.send_for_all_actions} onChange={() => onChange({ send_for_all_actions: false })} /><span>Only this</span></label>
      {!form.send_for_all_actions && (
        <div className="webhook-choices">
          {actions.isPending && <Skeleton width="60%" />}
          {known.map(([id, name]) => <label key={id} className="check"><input type="checkbox" checked={form.actions.includes(id)} onChange={(event) => turn(id, event.target.checked)} /><span>{name} <span className="muted small mono">{id}</span></span></label>)}
        </div>
      )}
      {wrong && <span className="wrong" role="alert">{wrong}</span>}
    </fieldset>
  );
}

/** The secret, the one time that it is shown, and what it is for. */
export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog title="The webhook’s secret" stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>I have kept it</button>}>
      <Notice tone="warn">Copy it now: it is shown this once, and nobody can look it up later.</Notice>
      <div style={{ margin: '12px 0' }}><CopyLine text={secret} /></div>
      <p className="two">Each delivery carries <span className="mono">X-Treadle-Timestamp</span> and <span className="mono">X-Treadle-Signature: sha256=…</span>, the HMAC-SHA256 under this secret of the timestamp, a full stop and the body as it came. Whoever checks it knows that it was this server, and when.</p>
    </Dialog>
  );
}
