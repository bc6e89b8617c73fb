import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { address } from '../../api/addresses';
import { ADMIN, type AdminPerson, adminPeopleQuery, changePerson, makePasswordLink, type PasswordLink, type PeopleState } from '../../api/admin';
import { organizationQuery } from '../../api/people';
import { nameOf, sessionQuery, signOut } from '../../api/session';
import type { Session } from '../../api/types';
import { useKeys } from '../../app/keys';
import { ROLE_WORDS } from '../../app/roles';
import { Top } from '../../app/top';
import { CopyField } from '../../ui/copy-field';
import { Confirm, Dialog } from '../../ui/dialog';
import { ago, count, counted, day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, messageOf, Pill, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { say } from '../../ui/toast';
import { Who } from '../../ui/who';
import { AdminTabs } from './admin-frame';
import { InvitePerson } from './invite-person';
import { Rename, SignUpLink } from './organisation';

const STATES: ReadonlyArray<readonly [PeopleState, string]> = [['active', 'May sign in'], ['admins', 'Organisation admins'], ['deactivated', 'Deactivated'], ['all', 'Everybody']];

/** Who has an account on this server, and what may they do? */
export function AdminPeople() {
  const session = useSuspenseQuery(sessionQuery).data;
  const organization = useQuery(organizationQuery);
  const [typed, setTyped] = useState('');
  const [state, setState] = useState<PeopleState>('active');
  const people = useInfiniteQuery(adminPeopleQuery(useDeferredValue(typed.trim()), state));
  const [open, setOpen] = useState<'invite' | 'link' | 'name'>();
  useKeys({ i: () => setOpen('invite') });
  const found = people.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <>
      <Top crumb="Administration" title="People">
        {people.data && <span className="muted wide">{counted(people.data.pages[0]?.count ?? 0, 'account')}{organization.data ? ` in ${organization.data.title}` : ''}</span>}
        <span className="grow" />
        <button type="button" className="btn wide" onClick={() => setOpen('name')} disabled={!organization.data}>Rename the organisation</button>
        <button type="button" className="btn wide" onClick={() => setOpen('link')}><Icon name="link" /><span>Sign-up link</span></button>
        <Tip text="Invite somebody" keys="I"><button type="button" className="btn primary" onClick={() => setOpen('invite')}><Icon name="plus" />Invite</button></Tip>
      </Top>
      <AdminTabs />
      <div className="tools admin-tools" role="search">
        <input className="input search-input" type="search" aria-label="Search people" placeholder="Name or e-mail address" value={typed} onChange={(event) => setTyped(event.target.value)} />
        <select className="input" aria-label="Which" value={state} onChange={(event) => setState(event.target.value as PeopleState)}>{STATES.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>
      </div>
      <div className="table-scroll" role="region" aria-label="People" tabIndex={0}>
        <p className="two page-lead">{SIGN_UP[session.sign_up]} An account alone sees nothing: roles are given in a workspace.</p>
        {people.isPending && <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>}
        {people.isError && <Failure error={people.error} retry={() => void people.refetch()} what="The list of people" />}
        {people.isSuccess && found.length === 0 && <Empty title="Nobody fits">Search for another name, or look among everybody.</Empty>}
        {found.length > 0 && session.user && <PeopleTable people={found} me={session.user.id} />}
        {people.hasNextPage && <div className="more"><button type="button" className="btn" disabled={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>Show more</button></div>}
      </div>
      {open === 'invite' && <InvitePerson onClose={() => setOpen(undefined)} />}
      {open === 'link' && <SignUpLink onClose={() => setOpen(undefined)} />}
      {open === 'name' && organization.data && <Rename organization={organization.data} onClose={() => setOpen(undefined)} />}
    </>
  );
}

const SIGN_UP: Record<Session['sign_up'], string> = {
  open: 'Anybody who reaches this server may sign up.',
  invited: 'Only who has an invitation may sign up.',
  first: 'Nobody has signed up yet.',
};

function PeopleTable({ people, me }: { people: readonly AdminPerson[]; me: number }) {
  return (
    <table className="table">
      <thead><tr><th>Person</th><th className="wide">Roles</th><th className="num wide">Tokens</th><th className="num wide">Joined</th><th className="num wide">Last here</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
      <tbody>{people.map((person) => <PersonRow key={person.id} person={person} isMe={person.id === me} />)}</tbody>
    </table>
  );
}

function PersonRow({ person, isMe }: { person: AdminPerson; isMe: boolean }) {
  const [leaving, setLeaving] = useState(false);
  const [link, setLink] = useState<PasswordLink>();
  const client = useQueryClient();
  const name = nameOf(person);
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ADMIN });
    await client.invalidateQueries({ queryKey: ['people'] });
  };
  const change = useMutation({
    mutationFn: (wanted: { is_active?: boolean; is_admin?: boolean }) => changePerson(person.id, wanted),
    onSuccess: async (_person, wanted) => {
      if (isMe && wanted.is_admin === false) return location.assign(address('projects'));
      await refresh();
      say(wanted.is_active !== undefined ? `${name} may sign in again.` : wanted.is_admin ? `${name} is an organisation admin now.` : `${name} is no organisation admin any more.`);
    },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const newLink = useMutation({ mutationFn: () => makePasswordLink(person.id), onSuccess: setLink, onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const deactivate = async () => {
    await changePerson(person.id, { is_active: false });
    if (isMe) return void signOut();
    await refresh();
    say(`The account of ${name} is deactivated.`);
  };
  const act = (key: string | number) => {
    if (key === 'link') newLink.mutate();
    else if (key === 'back') change.mutate({ is_active: true });
    else change.mutate({ is_admin: key === 'admin' });
  };
  const roles = person.roles.map((each) => `${each.workspace_name}: ${ROLE_WORDS[each.role].name.toLowerCase()}`).join(', ');
  return (
    <tr className={person.is_active ? undefined : 'dim'}>
      <td className="main"><span className="row" style={{ gap: 8 }}><Who person={person} note={isMe ? 'you' : undefined} />{person.is_admin && <Pill tone="accent">admin</Pill>}{!person.is_active && <Pill>deactivated</Pill>}{person.is_active && !person.has_password && <Pill tone="warn">invited</Pill>}</span></td>
      <td className="wide"><span className="two cut admin-roles" title={roles}>{roles || 'none'}</span></td>
      <td className="num muted wide">{person.tokens > 0 ? count(person.tokens) : ''}</td>
      <td className="num muted wide">{day(person.created_at)}</td>
      <td className="num muted wide" title={person.last_activity_at ? moment(person.last_activity_at) : undefined}>{person.last_activity_at ? ago(person.last_activity_at) : 'never'}</td>
      <td className="tight">
        <span className="row admin-acts">
          {!isMe && person.is_active && <button type="button" className="btn danger-ghost" aria-label={`Deactivate ${name}`} onClick={() => setLeaving(true)}><span className="wide">Deactivate</span><span className="slim"><Icon name="trash" /></span></button>}
          <MenuTrigger>
            <Button className="btn ghost icon" aria-label={`More for ${name}`}><Icon name="dots" /></Button>
            <Popover placement="bottom end" className="menu">
              <Menu aria-label={`More for ${name}`} style={{ outline: 'none' }} onAction={act}>
                {person.is_active && <MenuItem id="link"><Icon name="key" />Link for a new password</MenuItem>}
                {person.is_active && !person.is_admin && <MenuItem id="admin"><Icon name="person" />Make organisation admin</MenuItem>}
                {person.is_admin && <MenuItem id="unadmin"><Icon name="person" />No longer organisation admin</MenuItem>}
                {!person.is_active && <MenuItem id="back"><Icon name="again" />Let them sign in again</MenuItem>}
              </Menu>
            </Popover>
          </MenuTrigger>
        </span>
        {link && <LinkDialog person={person} link={link} onClose={() => setLink(undefined)} />}
        {leaving && (
          <Confirm title={`Deactivate ${name}?`} action="Deactivate account" onConfirm={deactivate} onClose={() => setLeaving(false)}>
            <p>They are signed out everywhere, cannot sign in, and {person.tokens > 0 ? counted(person.tokens, 'token') : 'their tokens'} and S3 keys end for good.</p>
            <p className="two">Their annotations stay, under their name. The account can be reactivated, with the roles it has.</p>
          </Confirm>
        )}
      </td>
    </tr>
  );
}

/** The link for a new password, shown this once. */
export const LinkDialog = ({ person, link, onClose }: { person: Pick<AdminPerson, 'email'>; link: PasswordLink; onClose: () => void }) => (
  <Dialog title="Link for a password" stays onClose={onClose} foot={<button type="button" className="btn primary" onClick={onClose}>Done</button>}>
    <p>Send it to {person.email}. It lets them choose a password, once, until {day(link.expires_at)}.</p>
    <CopyField value={address(link.url)} name="The link" />
    <p className="muted small">It is shown this once; a new one ends it.</p>
  </Dialog>
);
