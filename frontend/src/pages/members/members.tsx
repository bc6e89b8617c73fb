import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { membersQuery } from '../../api/members';
import { nameOf, sessionQuery } from '../../api/session';
import type { Member, Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { outranks } from '../../app/roles';
import { Top } from '../../app/top';
import { may, useWorkspace } from '../../app/workspace';
import { plural, t } from '../../i18n/words';
import { Confirm } from '../../ui/dialog';
import { day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { say } from '../../ui/toast';
import { Who } from '../../ui/who';
import { Invitations } from './invitations';
import { InviteDialog } from './invite-dialog';
import { RoleKey, RoleSelect } from './role-select';
import { ServiceAccounts } from './service-accounts';
import { useRoles } from './use-roles';
import './members.css';

/** Who works in this workspace, and what may each of them do? */
export function Members() {
  const workspace = useWorkspace();
  const [inviting, setInviting] = useState(false);
  const members = useQuery({ ...membersQuery({ workspace: workspace?.id ?? 0 }), enabled: workspace !== undefined });
  const manages = may(workspace, 'manage');
  const people = (members.data ?? []).filter(({ user }) => !manages || !user.is_service_account); // those have a list of their own
  useKeys(manages ? { i: () => setInviting(true) } : {});
  if (!workspace) return <><Top title={t('Members')} /><Empty title={t('You belong to no workspace yet')}>{t('Ask whoever manages one to invite you.')}</Empty></>;
  return (
    <>
      <Top title={t('Members')}>
        {members.data && <span className="muted wide">{plural(people.length, '{n} person in {title}', '{n} people in {title}', { title: workspace.title })}</span>}
        <span className="grow" />
        {manages && <Tip text={t('Invite somebody')} keys="I"><button type="button" className="btn primary" onClick={() => setInviting(true)}><Icon name="plus" />{t('Invite')}</button></Tip>}
      </Top>
      <div className="table-scroll">
        {members.isPending && <Waiting />}
        {members.isError && <Failure error={members.error} retry={() => void members.refetch()} what={t('The list of members')} />}
        {members.data && <MemberTable workspace={workspace} members={people} />}
        {manages && <ServiceAccounts workspace={workspace} />}
        {manages && <Invitations workspace={workspace} onInvite={() => setInviting(true)} />}
        <RoleKey />
      </div>
      {inviting && <InviteDialog workspace={workspace} onClose={() => setInviting(false)} />}
    </>
  );
}

const Waiting = () => <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="46%" height={18} />)}</div>;

interface RemoveProps {
  name: string;
  /** Why it cannot be done, where it cannot. */
  obstacle: string | undefined;
  onRemove: () => void;
}

/** Stays reachable where it does nothing, so that everybody learns why, also by keyboard and by touch. */
const RemoveButton = ({ name, obstacle, onRemove }: RemoveProps) => (
  <button type="button" className="btn danger-ghost" aria-label={t('Remove {name}', { name })} aria-disabled={obstacle !== undefined} title={obstacle} onClick={() => (obstacle === undefined ? onRemove() : say(obstacle))}>
    <span className="wide">{t('Remove')}</span><span className="slim"><Icon name="trash" /></span>
  </button>
);

function MemberTable({ workspace, members }: { workspace: Workspace; members: readonly Member[] }) {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const roles = useRoles({ workspace: workspace.id });
  const [leaving, setLeaving] = useState<Member>();
  const manages = may(workspace, 'manage');
  const isMe = (member: Member) => member.user.id === user?.id;
  const isLastOwner = ({ role }: Member) => role === 'owner' && members.filter((each) => each.role === 'owner').length === 1;
  return (
    <>
      <table className="table">
        <thead><tr><th>{t('Person')}</th><th>{t('Role')}</th><th className="num wide">{t('Here since')}</th>{manages && <th className="tight"><span className="unseen">{t('Remove')}</span></th>}</tr></thead>
        <tbody>
          {members.map((member) => (
            <tr key={member.user.id}>
              <td className="main"><Who person={member.user} note={isMe(member) ? t('you@@beside one’s own name') : member.user.is_service_account ? t('service account') : undefined} /></td>
              <td><RoleSelect name={nameOf(member.user)} role={member.role} own={manages ? workspace.role : undefined} disabled={roles.change.isPending} onChange={(to) => roles.change.mutate({ person: member.user, from: member.role, to })} /></td>
              <td className="num muted wide" title={moment(member.created_at)}>{day(member.created_at)}</td>
              {manages && <td className="tight">{outranks(workspace.role, member.role) && <RemoveButton name={nameOf(member.user)} obstacle={isLastOwner(member) ? t('A workspace keeps at least one owner: make somebody else owner first.') : undefined} onRemove={() => setLeaving(member)} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {leaving && (
        <Confirm title={t('Remove {name}?', { name: nameOf(leaving.user) })} action={isMe(leaving) ? t('Leave the workspace') : t('Remove from the workspace')} onConfirm={() => roles.remove(leaving)} onClose={() => setLeaving(undefined)}>
          <p>{t(isMe(leaving) ? 'You no longer see the projects of {title}. Your annotations stay, under your name.' : 'They no longer see the projects of {title}. Their annotations stay, under their name.', { title: workspace.title })}</p>
          <p className="two">{t('Member since {when}.', { when: day(leaving.created_at) })} {isMe(leaving) ? t('Your account on this server stays; with a new invitation you are back.') : t('Their account on this server stays; with a new invitation they are back.')}</p>
        </Confirm>
      )}
    </>
  );
}
