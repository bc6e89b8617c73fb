import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import type { Project } from '../../api/types';
import { changeWebhook, deleteWebhook, renewSecret, testWebhook, type Webhook, WEBHOOKS, webhooksQuery } from '../../api/webhooks';
import { Confirm } from '../../ui/dialog';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Notice, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { DeliveriesDialog } from './deliveries';
import { SecretDialog, WebhookDialog } from './webhook-dialog';
import { placeOf, stateOf, subjectOf } from './words';
import './webhooks.css';

/** Addresses that are told of what happens in a project: its own, and those of all projects of its workspace. */
export function Webhooks({ project }: { project: Pick<Project, 'id' | 'workspace'> }) {
  const own = useQuery(webhooksQuery({ project: project.id }));
  const shared = useQuery(webhooksQuery({ workspace: project.workspace })).data ?? [];
  const [asked, setAsked] = useState<Webhook | 'new'>();
  const [secret, setSecret] = useState('');
  return (
    <section className="card" aria-labelledby="webhooks">
      <div className="row card-head"><h2 id="webhooks">Webhooks</h2><span className="grow" /><button type="button" className="btn" onClick={() => setAsked('new')}><Icon name="plus" />New webhook</button></div>
      <p className="two">What happens here is sent to an address of yours, signed, in order, and again until it is taken.</p>
      {own.isPending && <Skeleton width="50%" />}
      {own.isError && <Failure error={own.error} retry={() => void own.refetch()} what="The list of webhooks" />}
      <ul className="lines">{[...(own.data ?? []), ...shared].map((each) => <Row key={each.id} hook={each} onEdit={() => setAsked(each)} onSecret={setSecret} />)}</ul>
      {asked && <WebhookDialog project={project} hook={asked === 'new' ? undefined : asked} onClose={() => setAsked(undefined)} onMade={(made) => { setAsked(undefined); setSecret(made.secret); }} />}
      {secret && <SecretDialog secret={secret} onClose={() => setSecret('')} />}
    </section>
  );
}

interface RowProps {
  hook: Webhook;
  onEdit: () => void;
  onSecret: (secret: string) => void;
}

function Row({ hook, onEdit, onSecret }: RowProps) {
  const [open, setOpen] = useState<'deliveries' | 'remove' | 'secret'>();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: WEBHOOKS });
  const place = placeOf(hook.url);
  const { word, tone } = stateOf(hook);
  const test = useMutation({
    mutationFn: () => testWebhook(hook.id),
    onSuccess: async (sent) => {
      await refresh();
      if (sent.state === 'delivered') say(`${place} took the test: it answered ${sent.status_code}.`);
      else say(`${place} did not take the test. ${sent.problem}`, { tone: 'bad' });
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const turn = useMutation({
    mutationFn: () => changeWebhook(hook.id, { is_active: !hook.is_active }),
    onSuccess: refresh,
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const remove = async () => {
    await deleteWebhook(hook.id);
    await refresh();
    say('The webhook is removed.');
  };
  const renew = async () => onSecret((await renewSecret(hook.id)).secret);
  const act = (key: string) => {
    if (key === 'edit') onEdit();
    else if (key === 'test') test.mutate();
    else if (key === 'turn') turn.mutate();
    else setOpen(key === 'remove' ? 'remove' : 'secret');
  };
  return (
    <li className="webhook">
      <div className="row wrap">
        <span className="grow webhook-name"><b className="b cut" title={place}>{place}</b><span className="muted small">Told of {subjectOf(hook)}</span></span>
        {hook.project === null && <Pill>all projects</Pill>}
        <Pill tone={tone}>{test.isPending && <span className="turn" />}{word}</Pill>
        <button type="button" className="btn" aria-label={`Deliveries to ${place}`} onClick={() => setOpen('deliveries')}><Icon name="log" />Deliveries</button>
        <MenuTrigger>
          <Button className="btn ghost icon" aria-label={`More about ${place}`}><Icon name="dots" /></Button>
          <Popover placement="bottom end" className="menu">
            <Menu aria-label={place} style={{ outline: 'none' }} onAction={(key) => act(String(key))}>
              <MenuItem id="edit"><Icon name="pencil" />Change…</MenuItem>
              <MenuItem id="test"><Icon name="arrow" />Send a test</MenuItem>
              <MenuItem id="secret"><Icon name="key" />New secret…</MenuItem>
              <MenuItem id="turn"><Icon name={hook.is_active ? 'eyeoff' : 'check'} />{hook.is_active ? 'Switch off' : 'Switch on'}</MenuItem>
              <Separator />
              <MenuItem id="remove" className="danger"><Icon name="trash" />Remove…</MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
      {hook.problem && <Notice tone="bad">{hook.problem} {!hook.is_active && <button type="button" className="btn small" disabled={turn.isPending} onClick={() => turn.mutate()}>Switch on again</button>}</Notice>}
      {hook.is_active && hook.failing_since && <Notice tone="warn">Nothing was taken for {ago(hook.failing_since) === 'now' ? 'a moment' : ago(hook.failing_since)}{hook.rests_until && <>, and it is tried again <span title={moment(hook.rests_until)}>by itself</span></>}. The deliveries say what was answered.</Notice>}
      {open === 'deliveries' && <DeliveriesDialog hook={hook} onClose={() => setOpen(undefined)} />}
      {open === 'remove' && <Confirm title={`Remove the webhook to ${place}?`} action="Remove webhook" onConfirm={remove} onClose={() => setOpen(undefined)}><p>Nothing is sent there any more, and the log of its deliveries goes. This cannot be undone.</p></Confirm>}
      {open === 'secret' && <Confirm title="Sign with a new secret?" action="Make a new secret" onConfirm={renew} onClose={() => setOpen(undefined)}><p>From now on deliveries are signed with the new one, and whoever checks them with the old one refuses them.</p></Confirm>}
    </li>
  );
}
