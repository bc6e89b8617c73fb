import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { actionsQuery, deliveriesQuery, type Delivery, deliveryQuery, type DeliveryState, replay, replayFailed, type Webhook, WEBHOOKS } from '../../api/webhooks';
import { Dialog } from '../../ui/dialog';
import { ago, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { deliveryState, nameOfAction, placeOf } from './words';
import '../jobs/jobs.css';

const STATES: ReadonlyArray<readonly [DeliveryState | '', string]> = [['', 'All'], ['failed', 'Not taken'], ['waiting', 'To be sent'], ['delivered', 'Taken']];

/** What was sent by a webhook or is to be, newest first, with what was answered. */
export function DeliveriesDialog({ hook, onClose }: { hook: Webhook; onClose: () => void }) {
  const [state, setState] = useState<DeliveryState | ''>('');
  const [befores, setBefores] = useState<number[]>([]);
  const page = useQuery({ ...deliveriesQuery(hook.id, state, befores.at(-1)), placeholderData: keepPreviousData });
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => replayFailed(hook.id),
    onSuccess: async ({ count }) => {
      await client.invalidateQueries({ queryKey: WEBHOOKS });
      say(`${counted(count, 'delivery', 'deliveries')} will be sent again.`);
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const older = page.data?.before;
  const foot = (
    <>
      {befores.length > 0 && <button type="button" className="btn" onClick={() => setBefores(befores.slice(0, -1))}>Newer</button>}
      {older && <button type="button" className="btn" onClick={() => setBefores([...befores, older])}>Older</button>}
      <span className="grow" />
      <button type="button" className="btn" onClick={onClose}>Close</button>
    </>
  );
  return (
    <Dialog title={`Deliveries to ${placeOf(hook.url)}`} onClose={onClose} foot={foot} wide>
      <div className="row wrap webhook-filter">
        <label className="row">Show<select className="input" value={state} onChange={(event) => { setState(event.target.value as DeliveryState | ''); setBefores([]); }}>{STATES.map(([value, words]) => <option key={value} value={value}>{words}</option>)}</select></label>
        <span className="grow" />
        {hook.is_active && <button type="button" className="btn" disabled={again.isPending} onClick={() => again.mutate()}><Icon name="again" />Send all again that were not taken</button>}
      </div>
      {page.isPending && <Skeleton width="60%" height={16} />}
      {page.isError && <Failure error={page.error} retry={() => void page.refetch()} what="The log of deliveries" />}
      {page.data?.results.length === 0 && <p className="muted">{state ? 'There are none of these.' : 'Nothing was sent in the last seven days.'}</p>}
      <ul className="lines">{page.data?.results.map((each) => <Line key={each.id} hook={hook} delivery={each} />)}</ul>
    </Dialog>
  );
}

function Line({ hook, delivery }: { hook: Webhook; delivery: Delivery }) {
  const [isOpen, setOpen] = useState(false);
  const actions = useQuery(actionsQuery).data;
  const { word, tone } = deliveryState(delivery);
  const time = delivery.sent_at ?? delivery.created_at;
  const facts = [
    delivery.status_code === null ? delivery.sent_at && 'no answer' : `answered ${delivery.status_code}`,
    delivery.duration_ms !== null && `in ${delivery.duration_ms} ms`,
    delivery.attempts > 1 && counted(delivery.attempts, 'attempt'),
    delivery.cause === 'replay' && 'sent again by hand',
  ];
  const name = nameOfAction(delivery.action, actions);
  return (
    <li>
      <div className="row wrap">
        <button type="button" className="btn ghost icon" aria-expanded={isOpen} aria-label={`${isOpen ? 'Hide' : 'Show'} delivery ${delivery.id}`} onClick={() => setOpen(!isOpen)}><Icon name={isOpen ? 'down' : 'right'} /></button>
        <span className="grow"><b className="b">{name}</b><span className="muted small" style={{ display: 'block' }}>{facts.filter(Boolean).join(' · ')}</span></span>
        <span className="muted small" title={moment(time)}>{ago(time)}</span>
        <Pill tone={tone}>{word}</Pill>
      </div>
      {isOpen && <Details hook={hook} delivery={delivery} />}
    </li>
  );
}

function Details({ hook, delivery }: { hook: Webhook; delivery: Delivery }) {
  const whole = useQuery(deliveryQuery(hook.id, delivery.id));
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => replay(hook.id, delivery.id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: WEBHOOKS });
      say('It will be sent again, as it was.');
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  return (
    <div className="webhook-details">
      {delivery.problem && <p>{delivery.problem}</p>}
      {delivery.state === 'waiting' && delivery.attempts > 0 && <p className="muted small">It is sent again at {moment(delivery.due_at)}.</p>}
      {whole.isError && <p className="bad">{messageOf(whole.error)}</p>}
      {whole.data && <><h3>Sent</h3><pre className="log mono" tabIndex={0} role="region" aria-label="What was sent">{JSON.stringify(whole.data.body, null, 2)}</pre></>}
      {delivery.response && <><h3>Answered</h3><pre className="log mono" tabIndex={0} role="region" aria-label="What was answered">{delivery.response}</pre></>}
      {hook.is_active && delivery.action !== 'TEST' && <button type="button" className="btn" disabled={again.isPending} onClick={() => again.mutate()}><Icon name="again" />Send again</button>}
    </div>
  );
}
