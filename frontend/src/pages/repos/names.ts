/** What repos, branches and tags may be called, and why not. */

const COMMIT_ID = /^[0-9a-f]{32}$/;

/** Why a repo cannot be called so, or nothing. */
export function wrongRepoName(name: string): string | undefined {
  if (name.includes('.')) return 'A name has no dots: they divide bucket names of the S3 gateway.';
  if (/\s/.test(name)) return 'A name has no blanks: use a hyphen.';
  if (!/^[A-Za-z0-9_-]*$/.test(name)) return 'Letters, digits, hyphens and underscores only.';
  return name.length > 63 ? 'At most 63 letters.' : undefined;
}

/** Why a branch or tag cannot be called so, or nothing. `taken`: the branches and tags that there are. */
export function wrongRefName(kind: 'branch' | 'tag', name: string, taken: readonly string[]): string | undefined {
  if (taken.includes(name)) return `There is a branch or tag called ${name} already.`;
  if (COMMIT_ID.test(name)) return 'That reads as the id of a commit.';
  if (/\s/.test(name)) return 'A name has no blanks: use a hyphen.';
  if (kind === 'branch') return /^[A-Za-z0-9_-]*$/.test(name) ? undefined : 'Letters, digits, hyphens and underscores only.';
  return /^[A-Za-z0-9_.-]*$/.test(name) ? undefined : 'Letters, digits, hyphens, underscores and dots only.';
}

/** The branch that a repo is opened at where the address names none. */
export const MAIN_BRANCH = 'master';

/** The main branch of a repo, or the first of those that it has. */
export const usualBranch = (branches: ReadonlyArray<{ name: string }>): string => (branches.some(({ name }) => name === MAIN_BRANCH) ? MAIN_BRANCH : (branches[0]?.name ?? MAIN_BRANCH));

/** What a repo is called in commands: with its workspace, as another may have one of its name. */
export const qualified = ({ name, workspace }: { name: string; workspace: { name: string } }): string => `${workspace.name}/${name}`;

/** As much of a commit's id as people say. */
export const shortId = (id: string): string => id.slice(0, 8);

/** The pattern that finds what somebody typed: a pattern as it stands, else the words anywhere in a path. */
export function globOf(typed: string): string {
  const text = typed.trim().replace(/^\//, '');
  if (/[*?{[]/.test(text)) return text.includes('/') ? text : `**/${text}`;
  return text.includes('/') ? `**${text}**` : `**/*${text}*`;
}
