import { useMutation, useQueryClient } from '@tanstack/react-query';
import { giveRole, membersQuery, type Place, takeRole } from '../../api/members';
import { nameOf, sessionQuery } from '../../api/session';
import type { Member, Person, Role } from '../../api/types';
import { aRole } from '../../app/roles';
import { messageOf } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';

/** Changes of roles in one place, each of which can be undone. */
export function useRoles(place: Place) {
  const client = useQueryClient();
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: membersQuery(place).queryKey }), client.invalidateQueries(sessionQuery), client.invalidateQueries({ queryKey: ['people'] })]);
  const set = async (user: number, role: Role | null) => {
    if (role === null) await takeRole(place, user);
    else await giveRole(place, user, role);
    await refresh();
  };
  const change = useMutation({
    mutationFn: ({ person, to }: { person: Person; from: Role | null; to: Role | null }) => set(person.id, to),
    onSuccess: (_, { person, from, to }) => offerUndo(sentenceOf(person, to, place), () => set(person.id, from), `The role of ${nameOf(person)} is as before.`),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const remove = async ({ user, role }: Member) => {
    await set(user.id, null);
    offerUndo(`${nameOf(user)} is no member any more.`, () => set(user.id, role), `${nameOf(user)} is a member again.`);
  };
  return { change, remove, refresh };
}

function sentenceOf(person: Person, role: Role | null, place: Place): string {
  if (role === null) return `${nameOf(person)} has the role of the workspace here again.`;
  return `${nameOf(person)} is ${aRole(role)} ${'workspace' in place ? 'now' : 'in this project now'}.`;
}
