import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { membersQuery } from '../../api/members';
import { nameOf, sessionQuery } from '../../api/session';
import type { Member, Person, Role } from '../../api/types';
import { outranks, ROLE_WORDS, rolesUpTo } from '../../app/roles';
import { may, useWorkspace } from '../../app/workspace';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Failure, Skeleton } from '../../ui/parts';
import { Who } from '../../ui/who';
import { RoleKey } from './role-select';
import { useRoles } from './use-roles';
import './members.css';

interface PersonHere {
  user: Person;
  inWorkspace: Role | null;
  here: Role | null;
}

/** Who may do what in this project, and where that differs from the workspace? */
export function ProjectMembers() {
  const project = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const workspace = useWorkspace();
  const all = useQuery({ ...membersQuery({ workspace: workspace?.id ?? 0 }), enabled: workspace !== undefined });
  const here = useQuery(membersQuery({ project }));
  const failed = all.error ?? here.error;
  if (failed) return <Failure error={failed} retry={() => { void all.refetch(); void here.refetch(); }} what={t('The list of members')} />;
  if (!all.data || !here.data) return <div className="scroll" aria-busy="true"><Skeleton width="46%" height={18} /></div>;
  return (
    <div className="table-scroll">
      <p className="two page-lead">{rich('Everybody in the <link>workspace</link> has their role there in this project too. A role given here counts instead of it, in this project only.', { link: (words) => <Link to="/members" className="link">{words}</Link> })}</p>
      <Table project={project} own={may(workspace, 'manage') ? workspace?.role : undefined} people={peopleOf(all.data, here.data)} />
      <RoleKey />
    </div>
  );
}

/** Members of the workspace, then those who have a role in this project alone. */
export function peopleOf(all: readonly Member[], here: readonly Member[]): PersonHere[] {
  const given = new Map(here.map((member) => [member.user.id, member]));
  const ofWorkspace = all.map(({ user, role }) => ({ user, inWorkspace: role, here: given.get(user.id)?.role ?? null }));
  const known = new Set(all.map(({ user }) => user.id));
  return [...ofWorkspace, ...here.filter(({ user }) => !known.has(user.id)).map(({ user, role }) => ({ user, inWorkspace: null, here: role }))];
}

function Table({ project, own, people }: { project: number; own: string | undefined; people: readonly PersonHere[] }) {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const { change } = useRoles({ project });
  return (
    <table className="table">
      <thead><tr><th>{t('Person')}</th><th className="wide">{t('In the workspace')}</th><th>{t('In this project')}</th></tr></thead>
      <tbody>
        {people.map((each) => (
          <tr key={each.user.id}>
            <td className="main"><Who person={each.user} note={each.user.id === user?.id ? 'you' : undefined} /></td>
            <td className="two wide">{each.inWorkspace ? ROLE_WORDS[each.inWorkspace].name : t('No member')}</td>
            <td><RoleHere person={each} own={own} disabled={change.isPending} onChange={(to) => change.mutate({ person: each.user, from: each.here, to })} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function RoleHere({ person, own, disabled, onChange }: { person: PersonHere; own: string | undefined; disabled: boolean; onChange: (role: Role | null) => void }) {
  const counts = person.here ?? person.inWorkspace;
  if (!counts || !outranks(own, counts) || (person.inWorkspace && !outranks(own, person.inWorkspace))) return <span className={person.here ? '' : 'muted'}>{counts ? ROLE_WORDS[counts].name : t('None')}</span>;
  const same = person.inWorkspace ? t('{role} (as in the workspace)', { role: ROLE_WORDS[person.inWorkspace].name }) : t('None');
  return (
    <select className="input" aria-label={t('Role of {name} in this project', { name: nameOf(person.user) })} title={ROLE_WORDS[counts].may} value={person.here ?? ''} disabled={disabled} onChange={(event) => onChange((event.target.value || null) as Role | null)}>
      <option value="">{same}</option>
      {rolesUpTo(own).map((each) => <option key={each} value={each}>{ROLE_WORDS[each].name}</option>)}
    </select>
  );
}
