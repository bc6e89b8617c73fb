import type { Role } from '../api/types';

/** From least to most: one gives roles up to one's own. */
export const ROLES: readonly Role[] = ['viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner'];

export const ROLE_WORDS: Record<Role, { name: string; may: string }> = {
  viewer: { name: 'Viewer', may: 'Sees every task and annotation, and exports them. Changes nothing.' },
  annotator: { name: 'Annotator', may: 'Labels the tasks handed to them, and sees their own work.' },
  reviewer: { name: 'Reviewer', may: 'Labels, corrects and accepts the work of others, and exports.' },
  editor: { name: 'Editor', may: 'All of that, and makes projects, changes their settings, imports and deletes tasks.' },
  manager: { name: 'Manager', may: 'All of that, and invites people, gives roles up to manager, deletes projects.' },
  owner: { name: 'Owner', may: 'Everything in the workspace. There is always at least one.' },
};

/** The roles that somebody with this role may give and take. */
export const rolesUpTo = (own: string | undefined): readonly Role[] => ROLES.slice(0, ROLES.indexOf(own as Role) + 1);

/** Whether somebody with the role `own` may change what a holder of `theirs` may do. */
export const outranks = (own: string | undefined, theirs: Role): boolean => rolesUpTo(own).includes(theirs);

/** "an editor", "a viewer". */
export const aRole = (role: Role): string => `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${ROLE_WORDS[role].name.toLowerCase()}`;
