import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { invitationsQuery, invite, revokeInvitation } from '../../api/members';
import type { Invitation, Workspace } from '../../api/types';
import { ROLE_WORDS } from '../../app/roles';
import { t } from '../../i18n/words';
import { day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Pill } from '../../ui/parts';
import { say } from '../../ui/toast';
import { LinkDialog } from './invite-dialog';

/** Invitations that nobody has accepted yet. */
export function Invitations({ workspace, onInvite }: { workspace: Workspace; onInvite: () => void }) {
  const invitations = useQuery(invitationsQuery(workspace.id));
  if (invitations.isError) return <Failure error={invitations.error} retry={() => void invitations.refetch()} what={t('The list of invitations')} />;
  const waiting = (invitations.data ?? []).filter((each) => each.accepted_at === null);
  return (
    <section aria-labelledby="invitations">
      <div className="members-head"><h2 id="invitations">{t('Invitations')}</h2>{waiting.length > 0 && <span className="muted">{t('not accepted yet')}</span>}</div>
      {invitations.data && waiting.length === 0 && <p className="two members-none">{t('Nobody is invited at the moment.')} <button type="button" className="link" onClick={onInvite}>{t('Invite somebody')}</button></p>}
      {waiting.length > 0 && (
        <table className="table">
          <thead><tr><th>{t('For')}</th><th>{t('Role')}</th><th className="num wide">{t('Valid until')}</th><th className="tight"><span className="unseen">{t('Acts')}</span></th></tr></thead>
          <tbody>{waiting.map((each) => <InvitationRow key={each.id} workspace={workspace} invitation={each} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function InvitationRow({ workspace, invitation }: { workspace: Workspace; invitation: Invitation }) {
  const [renewed, setRenewed] = useState<Invitation & { token: string }>();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries(invitationsQuery(workspace.id));
  const whom = invitation.email ?? t('whoever has the link');
  const over = Date.parse(invitation.expires_at) < Date.now();
  const revoke = useMutation({
    mutationFn: () => revokeInvitation(workspace.id, invitation.id),
    onSuccess: async () => { await refresh(); say(t('The invitation for {whom} is revoked; its link gives nothing any more.', { whom })); },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const renew = useMutation({
    mutationFn: () => invite(workspace.id, { role: invitation.role, expires_in_days: daysOf(invitation), ...(invitation.email ? { email: invitation.email } : {}) }),
    onSuccess: async (made) => { setRenewed(made); await revokeInvitation(workspace.id, invitation.id); },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const close = () => { setRenewed(undefined); void refresh(); };
  return (
    <tr>
      <td className={invitation.email ? 'main' : 'main two'}><span className="cut">{invitation.email ?? t('Whoever has the link')}</span></td>
      <td>{ROLE_WORDS[invitation.role].name}</td>
      <td className="num muted wide" title={moment(invitation.expires_at)}>{over ? <Pill tone="warn">{t('ended {when}', { when: day(invitation.expires_at) })}</Pill> : day(invitation.expires_at)}</td>
      <td className="tight">
        <span className="row">
          <button type="button" className="btn" disabled={renew.isPending} aria-label={t('New link for {whom}', { whom })} title={t('The old link ends; a link can be shown only when it is made')} onClick={() => renew.mutate()}><Icon name="link" /><span className="wide">{t('New link')}</span></button>
          <button type="button" className="btn danger-ghost" disabled={revoke.isPending} aria-label={t('Revoke the invitation for {whom}', { whom })} onClick={() => revoke.mutate()}><span className="wide">{t('Revoke')}</span><span className="slim"><Icon name="close" /></span></button>
        </span>
        {renewed && <LinkDialog token={renewed.token} workspace={workspace} invitation={renewed} onClose={close} />}
      </td>
    </tr>
  );
}

/** How long an invitation was made for. */
const daysOf = ({ created_at, expires_at }: Invitation): number => Math.max(1, Math.round((Date.parse(expires_at) - Date.parse(created_at)) / 86_400_000));
