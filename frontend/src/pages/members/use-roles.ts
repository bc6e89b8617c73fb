import { useMutation, useQueryClient } from '@tanstack/react-query';
import { giveRole, membersQuery, type Place, takeRole } from '../../api/members';
import { nameOf, sessionQuery } from '../../api/session';
import type { Member, Person, Role } from '../../api/types';
import { aRole } from '../../app/roles';
import { t } from '../../i18n/words';
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
    onSuccess: (_, { person, from, to }) => offerUndo(sentenceOf(person, to, place), () => set(person.id, from), t('The role of {name} is as before.', { name: nameOf(person) })),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  const remove = async ({ user, role }: Member) => {
    await set(user.id, null);
    offerUndo(t('{name} is no member any more.', { name: nameOf(user) }), () => set(user.id, role), t('{name} is a member again.', { name: nameOf(user) }));
  };
  return { change, remove, refresh };
}

function sentenceOf(person: Person, role: Role | null, place: Place): string {
  if (role === null) return t('{name} has the role of the workspace here again.', { name: nameOf(person) });
  const words = { name: nameOf(person), role: aRole(role) };
  return 'workspace' in place ? t('{name} is {role} now.', words) : t('{name} is {role} in this project now.', words);
}
