import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { giveRole, invitationsQuery, invite, linkOf, membersQuery } from '../../api/members';
import { nameOf } from '../../api/session';
import type { Invitation, Role, Workspace } from '../../api/types';
import { aRole } from '../../app/roles';
import { plural, t } from '../../i18n/words';
import { CopyField } from '../../ui/copy-field';
import { Dialog } from '../../ui/dialog';
import { day } from '../../ui/format';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { RoleChoice } from './role-select';

type Way = 'link' | 'account';

/** Makes an invitation's link, or gives a role at once to somebody who has an account here. */
export function InviteDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const [way, setWay] = useState<Way>('link');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('annotator');
  const [days, setDays] = useState(7);
  const acts = useInviting(workspace, { email: email.trim(), role, days }, onClose);
  const made = acts.link.data;
  if (made) return <LinkDialog token={made.token} workspace={workspace} invitation={made} onClose={onClose} />;
  const act = acts[way];
  const wrong = elsewhereWrong(act.error, ['email', 'expires_in_days']);
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
      <button type="submit" form="invite" className="btn primary" disabled={act.isPending || (way === 'account' && !email.trim())}>{act.isPending && <span className="turn" />}{way === 'link' ? t('Make the link') : t('Give the role')}</button>
    </>
  );
  return (
    <Dialog title={t('Invite to {title}', { title: workspace.title })} onClose={onClose} foot={foot}>
      <span className="seg" role="group" aria-label={t('How')}>
        {(['link', 'account'] as const).map((each) => <button key={each} type="button" className={each === way ? 'on' : ''} aria-pressed={each === way} onClick={() => setWay(each)}>{each === 'link' ? t('By a link') : t('Has an account here')}</button>)}
      </span>
      <form id="invite" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); act.mutate(); }}>
        <Field label={way === 'link' ? t('E-mail address, if the link is for one person only') : t('E-mail address')} hint={way === 'link' ? t('With an address only that person can use the link; without one, whoever opens it first') : undefined} wrong={wrongWith(act.error, 'email')}>
          {(wiring) => <input {...wiring} className="input" type="email" autoComplete="off" autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />}
        </Field>
        <RoleChoice role={role} own={workspace.role} onChange={setRole} />
        {way === 'link' && (
          <Field label={t('Works for')} wrong={wrongWith(act.error, 'expires_in_days')}>
            {(wiring) => <select {...wiring} className="input" value={days} onChange={(event) => setDays(Number(event.target.value))}>{[1, 7, 30, 90].map((each) => <option key={each} value={each}>{plural(each, '{n} day', '{n} days')}</option>)}</select>}
          </Field>
        )}
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
      </form>
    </Dialog>
  );
}

function useInviting(workspace: Workspace, { email, role, days }: { email: string; role: Role; days: number }, onClose: () => void) {
  const client = useQueryClient();
  const link = useMutation({ mutationFn: () => invite(workspace.id, { role, expires_in_days: days, ...(email ? { email } : {}) }), onSuccess: () => client.invalidateQueries(invitationsQuery(workspace.id)) });
  const account = useMutation({
    mutationFn: () => giveRole({ workspace: workspace.id }, email, role),
    onSuccess: async (member) => {
      await client.invalidateQueries(membersQuery({ workspace: workspace.id }));
      say(t('{name} is {role} in {title} now.', { name: nameOf(member.user), role: aRole(role), title: workspace.title }));
      onClose();
    },
  });
  return { link, account };
}

/** The link of a new invitation, shown this once. */
export const LinkDialog = ({ token, workspace, invitation, onClose }: { token: string; workspace: Workspace; invitation: Pick<Invitation, 'role' | 'email' | 'expires_at'>; onClose: () => void }) => (
  <Dialog title={t('The invitation’s link')} stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>{t('Done')}</button>}>
    <p>{t('Send it to {whom}. It makes them {role} in {title}, once, until {when}.', { whom: invitation.email ?? t('whom you invite'), role: aRole(invitation.role), title: workspace.title, when: day(invitation.expires_at) })}</p>
    <CopyField value={linkOf(token)} name={t('The link')} />
    <p className="muted small">{t('It is shown this once. A lost one is replaced by “New link” beside the invitation.')}</p>
  </Dialog>
);
