import { expect, test } from 'vitest';
import type { Member, Role } from '../../api/types';
import { outranks, rolesUpTo } from '../../app/roles';
import { peopleOf } from './project-members';

const member = (id: number, role: Role): Member => ({ user: { id, email: `${id}@example.com`, first_name: '', last_name: '' }, role, created_at: '' });

test('a project shows everybody of the workspace, and those who have a role in it alone', () => {
  const shown = peopleOf([member(1, 'owner'), member(2, 'annotator')], [member(2, 'reviewer'), member(3, 'viewer')]);
  expect(shown.map(({ user, inWorkspace, here }) => [user.id, inWorkspace, here])).toEqual([[1, 'owner', null], [2, 'annotator', 'reviewer'], [3, null, 'viewer']]);
});

test('nobody gives or takes a role above their own', () => {
  expect(rolesUpTo('editor')).toEqual(['viewer', 'annotator', 'reviewer', 'editor']);
  expect(outranks('manager', 'owner')).toBe(false);
  expect(outranks(undefined, 'viewer')).toBe(false);
});
