/**
 * What the server's errors say, by their code. The server speaks English, with names and numbers in it; a page in
 * another language says the same by the code, and English where it knows no better.
 */

import { language, t } from './words.ts';

const WORDS: Readonly<Record<string, string>> = {
  'network': t('The server did not answer. Check the connection, then try again.'),
  'server-error': t('Something failed on the server that should not. Try again; if it stays so, tell whoever runs it.'),
  'database-busy': t('The database is busy or away. Try again.'),
  'disk-full': t('The server’s disk is full. Nothing was kept of this: tell whoever runs it, then try again.'),
  'overtaken': t('Somebody changed or made the same at the same moment. Look at what is there, then try again.'),
  'stale': t('Somebody changed it after you loaded it. Look at the current state, then save again over it.'),
  'body-too-large': t('That is more than the server takes at once. Send fewer or smaller files.'),
  'not-allowed': t('Your role may not do this. Ask a manager of the workspace.'),
  'review-only': t('Only a reviewer may do this. Ask a manager of the workspace.'),
  'not-your-annotation': t('This annotation is another person’s; a reviewer may change it.'),
  'not-your-view': t('This view is another person’s; they can make it private.'),
  'cross-site': t('The server takes this page for a stranger’s: the proxy before it hides its address. Tell whoever runs the server.'),
  'csrf': t('This page is too old. Load it again, then try once more.'),
  'not-authenticated': t('You are signed out. Sign in to go on.'),
  'session-over': t('Your session is over. Sign in again; nothing is lost.'),
  'user-inactive': t('This account was closed. Ask an organisation admin.'),
  'account-gone': t('This account was closed. Ask an organisation admin.'),
  'sign-in-failed': t('The e-mail address and the password do not match.'),
  'too-many-attempts': t('Too many failed sign-ins. Wait a little, or have the password reset.'),
  'other-person': t('The platform before this server knows you by another address: give that one.'),
  'sign-up-invited': t('Sign-up needs an invitation here. Ask a workspace’s manager for a link.'),
  'invitation-invalid': t('This invitation is unknown, used, over or somebody else’s. Ask for a new link.'),
  'password-link': t('This link is unknown, over or used. Ask an organisation admin for a new one.'),
  'password-short': t('Give a password of at least 8 characters.'),
  'password-wrong': t('This is not your password.'),
  'email-invalid': t('This is no e-mail address.'),
  'email-taken': t('Somebody is here with this e-mail address already. Sign in instead.'),
  'too-long': t('That is too long.'),
  'picture-broken': t('This is no picture, or it is damaged.'),
  'picture-format': t('Pictures of this format cannot be used. Send JPEG, PNG or WebP.'),
  'picture-too-large': t('This picture is too large.'),
  'name-invalid': t('Give a name of at most 40 letters.'),
  'colour-malformed': t('This is no colour: give it as #rrggbb, six hex digits.'),
  'logo-broken': t('This is no picture that can be read, or a drawing with what it may not have. Send SVG, PNG, JPEG, WebP or GIF.'),
  'logo-too-large': t('The logo is too large. Send a smaller or simpler one.'),
  'project-not-found': t('There is no such project that you can see.'),
  'workspace-not-found': t('There is no such workspace that you can see.'),
  'task-not-found': t('There is no such task. It may have been deleted.'),
  'task-deleted': t('The task was deleted.'),
  'annotation-not-found': t('There is no such annotation. It may have been deleted.'),
  'draft-not-found': t('There is no such draft. It may have been deleted.'),
  'prediction-not-found': t('There is no such prediction. It may have been deleted.'),
  'view-not-found': t('There is no such view. It may have been deleted.'),
  'version-not-found': t('The annotation has no such version.'),
  'version-current': t('This is what the annotation is now; there is nothing to do.'),
  'no-task-left': t('There is no task left for you to label in this project.'),
  'result-malformed': t('What was marked does not fit the label config any more. Load the page again; your work is kept.'),
  'idempotency-key-reused': t('This was saved before with other content. Load the page again; your work is kept.'),
  'deletion-not-found': t('What was deleted is not kept any more.'),
  'deletion-restoring': t('This is being restored already. Wait for its job.'),
  'token-not-found': t('There is no such token any more.'),
  's3-key-not-found': t('There is no such key any more.'),
  'tokens-off': t('Personal tokens and keys are switched off here. Ask an organisation admin.'),
  'job-not-found': t('There is no such job that you can see.'),
  'job-ended': t('The job has ended already.'),
  'job-cancelled': t('The job was cancelled.'),
  'backend-down': t('The model does not answer. Tell whoever runs it.'),
  'backend-slow': t('The model took too long. Try again.'),
  'backend-busy': t('The model is busy. Try again in a moment.'),
  'backend-failed': t('The model failed. Tell whoever runs it.'),
  'backend-ended': t('The question was stopped.'),
  'backend-answer': t('The model’s answer cannot be understood. Tell whoever runs it.'),
  'backend-auth': t('The model refused the server’s credentials. Tell whoever runs it.'),
};

/** What an error says in the person's language: `detail`, in English, where the code is not known here. */
export const saidByServer = (code: unknown, detail: string): string =>
  (language === 'en' || typeof code !== 'string' ? detail : (WORDS[code] ?? detail));

/** The same for the mistakes of a form: those that say no more than the whole error does. */
export function fieldsInWords(code: unknown, fields: Record<string, string[]>): Record<string, string[]> {
  const said = saidByServer(code, '');
  const texts = Object.values(fields);
  return said !== '' && texts.length === 1 && texts[0]?.length === 1 ? Object.fromEntries(Object.keys(fields).map((name) => [name, [said]])) : fields;
}
