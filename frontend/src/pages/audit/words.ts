import type { AuditEntry, Person, Role } from '../../api/types';
import { nameOf } from '../../api/session';
import { bytes, count, counted } from '../../ui/format';
import { aRole, ROLE_WORDS } from '../../app/roles';

/** Acts of the log, as a filter offers them. */
export const ACTIONS: ReadonlyArray<readonly [action: string, words: string]> = [
  ['role.granted', 'Roles given'], ['role.removed', 'Roles taken'], ['invitation.created', 'Invitations made'], ['invitation.revoked', 'Invitations revoked'],
  ['project.deleted', 'Projects deleted'], ['project.restored', 'Projects restored'], ['tasks.deleted', 'Tasks deleted'], ['annotations.deleted', 'Annotations deleted'],
  ['predictions.deleted', 'Predictions deleted'], ['workspace.created', 'Workspaces made'], ['user.added', 'People added'], ['user.deactivated', 'People deactivated'],
  ['invite-link.reset', 'Sign-up links made'], ['token.created', 'Tokens made'], ['token.revoked', 'Tokens revoked'], ['s3-key.created', 'S3 keys made'], ['s3-key.revoked', 'S3 keys revoked'], ['service-account.created', 'Service accounts made'], ['service-account.disabled', 'Service accounts disabled'], ['admin.granted', 'Admins made'], ['admin.withdrawn', 'Admins unmade'], ['password-link.created', 'Links for a password'], ['password.changed', 'Passwords changed'], ['webhook.created', 'Webhooks made'], ['webhook.deleted', 'Webhooks removed'], ['webhook.switched-off', 'Webhooks switched off by themselves'], ['access.refused', 'Refusals'],
];

/** What the ids in the log are called, as far as the reader may know. */
export interface Names {
  people: ReadonlyMap<number, Pick<Person, 'first_name' | 'last_name' | 'email'>>;
  projects: ReadonlyMap<number, string>;
}

/** What happened, as a sentence without its subject: who did it stands beside. */
export function sentenceOf(entry: AuditEntry, names: Names): string {
  const { action, subject, detail } = entry;
  const whom = nameOfSubject(subject, names);
  const role = roleOf(detail['role']);
  const where = detail['project'] ? ` in ${projectOf(detail['project'], names)}` : '';
  switch (action) {
    case 'role.granted': return subject.startsWith('invitation:') ? `accepted an invitation as ${role}` : `made ${whom} ${role}${where}${detail['before'] ? `, who was ${roleOf(detail['before'])}` : ''}`;
    case 'role.removed': return where ? `took back the role that ${whom} had${where} (${roleOf(detail['before'])})` : `removed ${whom}, who was ${roleOf(detail['before'])}`;
    case 'invitation.created': return `invited ${detail['email'] ? String(detail['email']) : 'whoever has the link'} as ${role}`;
    case 'invitation.revoked': return 'revoked an invitation';
    case 'invite-link.reset': return 'made a new sign-up link';
    case 'workspace.created': return `made the workspace ${String(detail['name'] ?? '')}`;
    case 'organization.renamed': return `named the organisation “${String(detail['title'] ?? '')}”`;
    case 'appearance.changed': return `changed how the installation looks: ${(Array.isArray(detail['set']) ? detail['set'] : []).join(', ').replaceAll('_', ' ')}`;
    case 'user.added': return entry.actor_id !== null && subject === `user:${entry.actor_id}` ? 'made an account' : `added ${whom}`;
    case 'user.deactivated': return `deactivated ${whom}`;
    case 'user.reactivated': return `let ${whom} sign in again`;
    case 'admin.granted': return entry.actor_id === null ? `${whom} became an organisation admin, from the command line` : `made ${whom} an organisation admin`;
    case 'admin.withdrawn': return `took the rights of an organisation admin from ${whom}`;
    case 'password-link.created': return `made a link for a new password of ${whom}`;
    case 'service-account.created': return `made the service account ${String(detail['name'] ?? '')}`;
    case 'service-account.disabled': return `disabled the service account ${String(detail['name'] ?? '')}`;
    case 'service-account.enabled': return `enabled the service account ${String(detail['name'] ?? '')}`;
    case 'workspace.renamed': return `renamed the workspace${detail['title'] ? ` to “${String(detail['title'])}”` : detail['name'] ? ` to ${String(detail['name'])}` : ''}`;
    case 'workspace.deleted': return `deleted the workspace ${String(detail['name'] ?? '')}`;
    case 'tracking.purged': return `freed ${counted(Number(detail['runs'] ?? 0), 'deleted run')} for good, with ${bytes(Number(detail['size_bytes'] ?? 0))} of files`;
    case 'password.changed': return `the password of ${whom} was changed`;
    case 'token.created': return `made a token${named(detail['name'])}`;
    case 'token.revoked': return `revoked a token${named(detail['name'])}${ofSomebody(entry, names)}`;
    case 's3-key.created': return `made an S3 key${named(detail['name'])}`;
    case 's3-key.revoked': return `revoked an S3 key${named(detail['name'])}${ofSomebody(entry, names)}`;
    case 'webhook.created': return `made a webhook to ${String(detail['host'] ?? '')}${ofPlace(subject, names)}`;
    case 'webhook.changed': return `changed the webhook to ${String(detail['host'] ?? '')}${ofPlace(subject, names)}`;
    case 'webhook.secret-renewed': return `made a new secret for the webhook to ${String(detail['host'] ?? '')}${ofPlace(subject, names)}`;
    case 'webhook.deleted': return `removed the webhook to ${String(detail['host'] ?? '')}${ofPlace(subject, names)}`;
    case 'webhook.switched-off': return `switched off the webhook to ${String(detail['host'] ?? '')}${ofPlace(subject, names)}, which took nothing for days`;
    case 'token-kinds.changed': return 'changed which kinds of token are taken';
    case 'access.refused': return `was refused ${detail['method'] ? `${String(detail['method'])} ` : ''}${String(detail['path'] ?? '')}`.trim();
    default: return plainWords(entry, names);
  }
}

/** For acts that came after this page: "tasks.deleted" of project 3, with a count, still reads. */
function plainWords({ action, subject, detail }: AuditEntry, names: Names): string {
  const [what = '', did = ''] = action.split('.');
  const only = detail['count'] === 1;
  const things = what.replaceAll('-', ' ').replace(/s$/, only ? '' : 's');
  const amount = typeof detail['count'] === 'number' ? `${count(detail['count'])} ` : '';
  const title = typeof detail['title'] === 'string' ? ` “${detail['title']}”` : '';
  const [kind, id] = subject.split(':');
  const where = id && kind !== what ? ` of ${kind === 'project' ? projectOf(id, names) : `${kind} ${id}`}` : id && !title ? ` ${id}` : '';
  return did ? `${did.replaceAll('-', ' ')} ${amount}${things}${title}${where}` : things;
}

const named = (name: unknown): string => (name ? ` “${String(name)}”` : '');

/** Whose it was, where it was not theirs who did it. */
const ofSomebody = ({ actor_id, detail }: AuditEntry, names: Names): string =>
  (detail['owner'] && detail['owner'] !== actor_id ? ` of ${nameOfSubject(`user:${String(detail['owner'])}`, names)}` : '');

/** Of which project; nothing where it is of the whole workspace. */
const ofPlace = (subject: string, names: Names): string => {
  const id = /^project:(\d+)$/.exec(subject)?.[1];
  return id ? ` of ${projectOf(id, names)}` : '';
};

const projectOf = (id: unknown, { projects }: Names): string => (projects.has(Number(id)) ? `“${projects.get(Number(id))}”` : `project ${String(id)}`);

function nameOfSubject(subject: string, { people }: Names): string {
  const id = Number(/^user:(\d+)$/.exec(subject)?.[1]);
  const person = people.get(id);
  return person ? nameOf(person) : subject.replace(':', ' ');
}

const roleOf = (role: unknown): string => (typeof role === 'string' && role in ROLE_WORDS ? aRole(role as Role) : String(role ?? ''));
