import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { changeRules, endHook, makeHook, refreshOrder, type Rules, type RulesNow, rulesQuery } from '../../api/learning';
import { CopyField } from '../../ui/copy-field';
import { Dialog } from '../../ui/dialog';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { useTyped } from '../settings/use-typed';
import { InSight } from './in-sight';
import type { CardProps } from './learning';
import { useLearningAct } from './use-learning';

/** What happens by itself: when it trains, and in which order tasks are handed out. */
export function RulesCard(props: CardProps) {
  const rules = useQuery(rulesQuery(props.project.id));
  return (
    <section className="card" aria-labelledby="rules">
      <h2 id="rules">By itself</h2>
      {rules.isPending && <Skeleton width="70%" />}
      {rules.isError && !rules.data && <Failure error={rules.error} retry={() => void rules.refetch()} what="What happens by itself" />}
      {rules.data && (props.edits ? <RulesForm {...props} now={rules.data} /> : <p className="two">{inWords(rules.data)}</p>)}
    </section>
  );
}

const [USUAL_COUNT, USUAL_HOURS] = [100, 24];

function inWords({ train_after: after, train_every_hours: hours, order, promote, prelabel_after_promotion: predicts }: Rules): string {
  const trains = [after !== null && `after ${counted(after, 'new annotation')}`, hours !== null && `every ${counted(hours, 'hour')}`].filter(Boolean).join(' and ');
  return [trains ? `It trains ${trains}${promote === 'when_better' ? ', and what is better serves' : ''}.` : 'It trains when somebody asks for it.', ...(predicts ? ['When another version serves, all unlabelled tasks are predicted.'] : []), order === 'off' ? 'Tasks are handed out in the project’s order.' : order === 'uncertainty' ? 'Tasks that it is least sure of are handed out first.' : 'Tasks that differ the most are handed out first.'].join(' ');
}

/** What can be set, without what came of it. */
const rulesIn = ({ backend, spec, train_after, train_every_hours, promote, prelabel_after_promotion, order, order_after_promotion }: RulesNow): Rules => ({ backend, spec, train_after, train_every_hours, promote, prelabel_after_promotion, order, order_after_promotion });

function RulesForm({ project, backend, now }: CardProps & { now: RulesNow }) {
  const { last_trained_at: last, annotations_since: since, next_at: next, problem, hook_made_at: hooked } = now;
  const kept = rulesIn(now);
  const { values, set, changes, isChanged, reset, letGo } = useTyped<Rules>(kept);
  const [hook, setHook] = useState<string>();
  const save = useLearningAct(project.id, () => changeRules(project.id, { ...values, backend: values.backend ?? backend.id }), () => { letGo(changes); say('Saved.'); }, true);
  const order = useLearningAct(project.id, () => refreshOrder(project.id), () => say('The order is worked out anew.'));
  const ask = useLearningAct(project.id, () => makeHook(project.id), ({ url }) => setHook(url));
  const end = useLearningAct(project.id, () => endHook(project.id), () => say('The address trains no more.'));
  const isFine = [values.train_after, values.train_every_hours].every((each) => each === null || each > 0) && Number.isInteger(values.train_after ?? 1);
  const submit = (event: FormEvent) => { event.preventDefault(); if (isFine) save.mutate(); };
  const trains = values.train_after !== null || values.train_every_hours !== null;
  return (
    <form className="col rules" onSubmit={submit}>
      {problem && <Notice tone="warn">{problem}</Notice>}
      <When name="Train after" unit="new annotations" value={values.train_after} usual={USUAL_COUNT} onChange={(value) => set('train_after', value)}>{values.train_after !== null && <span className="muted small">{counted(since, 'annotation')} since {last ? <span title={moment(last)}>{ago(last) === 'now' ? 'just now' : `${ago(last)} ago`}</span> : 'the beginning'}</span>}</When>
      <When name="Train every" unit="hours" value={values.train_every_hours} usual={USUAL_HOURS} onChange={(value) => set('train_every_hours', value)}>{values.train_every_hours !== null && next && <span className="muted small">next {moment(next)}</span>}</When>
      {trains && <label className="check"><input type="checkbox" checked={values.promote === 'when_better'} onChange={(event) => set('promote', event.target.checked ? 'when_better' : 'never')} /><span>Let it serve if it is better</span></label>}
      <label className="check"><input type="checkbox" checked={values.prelabel_after_promotion} onChange={(event) => set('prelabel_after_promotion', event.target.checked)} /><span>Predict all unlabelled tasks when another version serves</span></label>
      <div className="row wrap"><label className="row"><span>Hand out first</span>
        <select className="input" value={values.order} onChange={(event) => set('order', event.target.value as Rules['order'])}><option value="off">as the project says</option><option value="uncertainty">what it is least sure of</option><option value="diversity">what differs the most</option></select></label>
        {kept.order !== 'off' && <button type="button" className="btn small" disabled={order.isPending} onClick={() => order.mutate()}><Icon name="again" />Work it out anew</button>}
      </div>
      {values.order !== 'off' && <label className="check"><input type="checkbox" checked={values.order_after_promotion} onChange={(event) => set('order_after_promotion', event.target.checked)} /><span>Anew when another version serves</span></label>}
      {save.error && <InSight of={save.error}><Notice tone="bad" live>{messageOf(save.error)}</Notice></InSight>}
      {!isFine && <p className="small why-not" role="status">It cannot be saved: type a whole number from 1 of annotations, and more than 0 hours.</p>}
      <div className="row wrap rules-foot">
        {isChanged && <><button type="submit" className="btn" disabled={!isFine || save.isPending}>{save.isPending && <span className="turn" />}Save</button><button type="button" className="btn ghost" onClick={reset}>Leave it</button></>}
        <span className="grow" />
        {hooked && <span className="muted small">It has an address that trains. <button type="button" className="link" disabled={end.isPending} onClick={() => end.mutate()}>End it</button></span>}
        <button type="button" className="btn ghost small" disabled={ask.isPending} onClick={() => ask.mutate()}><Icon name="link" />{hooked ? 'A new address' : 'An address that trains'}</button>
      </div>
      {hook !== undefined && <Dialog title="An address that trains" onClose={() => setHook(undefined)} stays foot={<button type="button" className="btn primary" onClick={() => setHook(undefined)}>I have it</button>}><p>A POST to this address starts a training with these settings. Whoever knows it can: it is shown only now, and a new one ends it.</p><CopyField value={hook} name="The address that trains" /></Dialog>}
    </form>
  );
}

interface WhenProps {
  name: string;
  unit: string;
  value: number | null;
  usual: number;
  onChange: (value: number | null) => void;
  children: React.ReactNode;
}

const When = ({ name, unit, value, usual, onChange, children }: WhenProps) => (
  <div className="row wrap when">
    <label className="check"><input type="checkbox" checked={value !== null} onChange={(event) => onChange(event.target.checked ? usual : null)} /><span>{name}</span></label>
    <input className="input short" type="number" min={1} aria-label={`${name}, ${unit}`} disabled={value === null} value={value ?? usual} onChange={(event) => onChange(event.target.value === '' ? 0 : Number(event.target.value))} />
    <span>{unit}</span>{children}
  </div>
);
