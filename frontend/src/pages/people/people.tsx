import { useInfiniteQuery, useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { address } from '../../api/base';
import { deactivatePerson, organizationPeopleQuery, organizationQuery, renameOrganization, renewSignUpLink, signUpLinkQuery } from '../../api/people';
import { nameOf, sessionQuery } from '../../api/session';
import type { Organization, OrganizationPerson, Session } from '../../api/types';
import { Top } from '../../app/top';
import { CopyField } from '../../ui/copy-field';
import { Confirm, Dialog } from '../../ui/dialog';
import { ago, counted, day, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Field, messageOf, Notice, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { Who } from '../../ui/who';

/** Who has an account on this server? */
export function People() {
  const session = useSuspenseQuery(sessionQuery).data;
  const organization = useQuery(organizationQuery);
  const people = useInfiniteQuery({ ...organizationPeopleQuery, enabled: session.user?.is_admin ?? false });
  const [naming, setNaming] = useState(false);
  const [linking, setLinking] = useState(false);
  if (!session.user?.is_admin) return <><Top title="People" /><Empty title="This page is for organisation admins">The people of your workspace are under <Link to="/members" className="link">Members</Link>.</Empty></>;
  const found = people.data?.pages.flatMap((page) => page.results.map(({ user }) => user)) ?? [];
  return (
    <>
      <Top title="People">
        {people.data && <span className="muted wide">{counted(people.data.pages[0]?.count ?? 0, 'account')}{organization.data ? ` in ${organization.data.title}` : ''}</span>}
        <span className="grow" />
        <button type="button" className="btn" onClick={() => setLinking(true)}><Icon name="link" /><span>Sign-up link</span></button>
        <button type="button" className="btn wide" onClick={() => setNaming(true)} disabled={!organization.data}>Rename the organisation</button>
      </Top>
      <div className="table-scroll">
        <p className="two page-lead">{SIGN_UP[session.sign_up]} An account alone sees nothing: roles are given in a workspace, under <Link to="/members" className="link">Members</Link>.</p>
        {people.isPending && <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>}
        {people.isError && <Failure error={people.error} retry={() => void people.refetch()} what="The list of people" />}
        {found.length > 0 && <PeopleTable people={found} me={session.user.id} />}
        {people.hasNextPage && <div className="more"><button type="button" className="btn" disabled={people.isFetchingNextPage} onClick={() => void people.fetchNextPage()}>Show more</button></div>}
      </div>
      {linking && <SignUpLink onClose={() => setLinking(false)} />}
      {naming && organization.data && <Rename organization={organization.data} onClose={() => setNaming(false)} />}
    </>
  );
}

const SIGN_UP: Record<Session['sign_up'], string> = {
  open: 'Anybody who reaches this server may sign up.',
  invited: 'Only who has an invitation may sign up.',
  first: 'Nobody has signed up yet.',
};

function PeopleTable({ people, me }: { people: readonly OrganizationPerson[]; me: number }) {
  const [leaving, setLeaving] = useState<OrganizationPerson>();
  const client = useQueryClient();
  const deactivate = async (person: OrganizationPerson) => {
    await deactivatePerson(person.id);
    await client.invalidateQueries({ queryKey: ['people'] });
    say(`The account of ${nameOf(person)} is deactivated.`);
  };
  return (
    <>
      <table className="table">
        <thead><tr><th>Person</th><th className="num wide">Joined</th><th className="num wide">Last here</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id}>
              <td className="main"><Who person={person} note={person.id === me ? 'you' : undefined} /></td>
              <td className="num muted wide">{day(person.date_joined)}</td>
              <td className="num muted wide" title={moment(person.last_activity)}>{ago(person.last_activity)}</td>
              <td className="tight">{person.id !== me && <button type="button" className="btn danger-ghost" aria-label={`Deactivate ${nameOf(person)}`} onClick={() => setLeaving(person)}><span className="wide">Deactivate</span><span className="slim"><Icon name="trash" /></span></button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {leaving && (
        <Confirm title={`Deactivate ${nameOf(leaving)}?`} action="Deactivate account" onConfirm={() => deactivate(leaving)} onClose={() => setLeaving(undefined)}>
          <p>They are signed out everywhere, cannot sign in again, and their tokens end.</p>
          <p className="two">Their annotations stay, under their name. This page cannot bring an account back.</p>
        </Confirm>
      )}
    </>
  );
}

/** The link for those who shall have an account, and no role yet. */
function SignUpLink({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const link = useQuery(signUpLinkQuery);
  const renew = useMutation({
    mutationFn: renewSignUpLink,
    onSuccess: (url) => { client.setQueryData(signUpLinkQuery.queryKey, url); say('The old link gives nothing any more.'); },
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const foot = <><button type="button" className="btn" disabled={renew.isPending || !link.data} onClick={() => renew.mutate()}>{renew.isPending ? <span className="turn" /> : <Icon name="again" />}Make a new link</button><button type="button" className="btn primary" onClick={onClose}>Done</button></>;
  return (
    <Dialog title="Sign-up link" onClose={onClose} foot={foot}>
      <p>Whoever has it can make an account on this server, as often as you like, until you make a new one. It gives no role: for that, invite under Members.</p>
      {link.isPending && <Skeleton width="100%" height={30} />}
      {link.isError && <Failure error={link.error} retry={() => void link.refetch()} what="The link" />}
      {link.data && <CopyField key={link.data} value={address(link.data)} name="The link" />}
    </Dialog>
  );
}

function Rename({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const [title, setTitle] = useState(organization.title);
  const client = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameOrganization(title.trim()),
    onSuccess: async () => { await client.invalidateQueries(organizationQuery); say('The organisation is renamed.'); onClose(); },
  });
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="organization" className="btn primary" disabled={!title.trim() || rename.isPending}>Save</button></>;
  return (
    <Dialog title="Rename the organisation" onClose={onClose} foot={foot}>
      <form id="organization" onSubmit={(event) => { event.preventDefault(); rename.mutate(); }}>
        <Field label="Name">{(wiring) => <input {...wiring} className="input" autoFocus maxLength={100} value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>
      </form>
      {rename.error && <Notice tone="bad" live>{messageOf(rename.error)}</Notice>}
    </Dialog>
  );
}
