import type { Role } from '../api/types';
import { language, t } from '../i18n/words';

/** From least to most: one gives roles up to one's own. */
export const ROLES: readonly Role[] = ['viewer', 'annotator', 'reviewer', 'editor', 'manager', 'owner'];

export const ROLE_WORDS: Record<Role, { name: string; may: string }> = {
  viewer: { name: t('Viewer'), may: t('Sees every task and annotation, and exports them. Changes nothing.') },
  annotator: { name: t('Annotator'), may: t('Labels the tasks handed to them, and sees their own work.') },
  reviewer: { name: t('Reviewer'), may: t('Labels, corrects and accepts the work of others, and exports.') },
  editor: { name: t('Editor'), may: t('All of that, and makes projects, changes their settings, imports and deletes tasks.') },
  manager: { name: t('Manager'), may: t('All of that, and invites people, gives roles up to manager, deletes projects.') },
  owner: { name: t('Owner'), may: t('Everything in the workspace. There is always at least one.') },
};

/** The roles that somebody with this role may give and take. */
export const rolesUpTo = (own: string | undefined): readonly Role[] => ROLES.slice(0, ROLES.indexOf(own as Role) + 1);

/** Whether somebody with the role `own` may change what a holder of `theirs` may do. */
export const outranks = (own: string | undefined, theirs: Role): boolean => rolesUpTo(own).includes(theirs);

/** "an editor", "a viewer". */
export const aRole = (role: Role): string => (language === 'en' ? `${/^[aeiou]/.test(role) ? 'an ' : 'a '}${ROLE_WORDS[role].name.toLowerCase()}` : ROLE_WORDS[role].name);
