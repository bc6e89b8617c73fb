import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { addressOf, call, get, patch, post, remove } from './client';
import type { Person, Time } from './types';
import { upload, type UploadProgress } from './upload';

export interface Repo {
  id: number;
  name: string;
  workspace: { id: number; name: string };
  description: string;
  created_by: Person | null;
  created_at: Time;
  branches: number;
  files: number;
  size_bytes: number;
  /** The newest commit of its main branch; null before the first. */
  head: Commit | null;
  may_write: boolean;
  may_delete: boolean;
}

export interface Commit {
  /** 32 hexadecimal characters. */
  id: string;
  repo: number;
  state: 'open' | 'finishing' | 'finished';
  branch: string | null;
  message: string;
  author: Person | null;
  created_at: Time;
  finished_at: Time | null;
  parents: string[];
  /** What it was made from; of a commit that one may not read its id alone. */
  provenance: Array<{ commit: string; repo: number | null; repo_name: string | null; branch: string | null }>;
  file_count: number;
  size_bytes: number;
  metadata: Record<string, unknown>;
  tags: string[];
}

export interface RepoFile {
  type: 'file';
  /** Without a slash in front. */
  path: string;
  /** The address of its content. */
  id: string;
  size_bytes: number;
  modified_at: Time;
  metadata: Record<string, string>;
}

export interface RepoFolder {
  type: 'folder';
  /** Ends in a slash. */
  path: string;
}

export interface Branch {
  name: string;
  head: string | null;
  version: number;
  /** The open commit that everybody may put into, where there is one. */
  open_commit: string | null;
  created_at: Time;
}

export interface Tag {
  name: string;
  commit: string;
  message: string;
  created_at: Time;
}

export interface Change {
  path: string;
  change: 'added' | 'removed' | 'changed';
  old: RepoFile | null;
  new: RepoFile | null;
}

/** A path that both sides of a merge changed, with what each has there; null where it is gone. */
export interface Conflict {
  path: string;
  base: RepoFile | null;
  ours: RepoFile | null;
  theirs: RepoFile | null;
}

export interface FilePage {
  commit: string | null;
  results: Array<RepoFile | RepoFolder>;
  next: string | null;
}

const FILES_A_PAGE = 200;
const COMMITS_A_PAGE = 50;
const CHANGES_A_PAGE = 100;
/** How often a branch is looked at anew: somebody else may put into it. */
const LIVELY_MS = 5_000;

const under = (repo: number): string => `api/repos/${repo}`;
const named = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** The repos of one workspace, or of all. */
export const reposQuery = (workspace: number | undefined) =>
  queryOptions({
    queryKey: ['repos', 'of', workspace],
    queryFn: async ({ signal }) => (await get<{ results: Repo[] }>('api/repos/', { workspace }, signal)).results,
  });

export const repoQuery = (id: number) =>
  queryOptions({ queryKey: ['repos', id, 'self'], queryFn: ({ signal }) => get<Repo>(`${under(id)}/`, {}, signal) });

export const createRepo = (wanted: { name: string; workspace?: number; description?: string }) => post<Repo>('api/repos/', wanted);
export const changeRepo = (id: number, change: { name?: string; description?: string }) => patch<Repo>(`${under(id)}/`, change);
export const deleteRepo = (id: number) => remove(`${under(id)}/`);
export interface DeletedRepo {
  id: number;
  name: string;
  workspace: { id: number; name: string };
  deleted_at: Time;
  restore_until: Time;
}

export const deletedReposQuery = queryOptions({
  queryKey: ['repos', 'deleted'],
  queryFn: async ({ signal }) => (await get<{ results: DeletedRepo[] }>('api/repos/deleted/', {}, signal)).results,
});
export const restoreRepo = (id: number) => post<Repo>(`${under(id)}/restore/`);

export const branchesQuery = (repo: number) =>
  queryOptions({
    queryKey: ['repos', repo, 'branches'],
    queryFn: async ({ signal }) => (await get<{ results: Branch[] }>(`${under(repo)}/branches/`, {}, signal)).results,
    refetchInterval: LIVELY_MS,
  });

export const tagsQuery = (repo: number) =>
  queryOptions({ queryKey: ['repos', repo, 'tags'], queryFn: async ({ signal }) => (await get<{ results: Tag[] }>(`${under(repo)}/tags/`, {}, signal)).results });

/** After how many staged files, and how many minutes since the first, they become a commit; 0: not by that. */
export interface AutoCommit {
  after_files: number;
  after_minutes: number;
}

export const autoCommitQuery = (repo: number) =>
  queryOptions({ queryKey: ['repos', repo, 'auto-commit'], queryFn: ({ signal }) => get<AutoCommit>(`${under(repo)}/auto-commit/`, {}, signal) });
/** What is left out stays as it is. */
export const setAutoCommit = async (repo: number, setting: Partial<AutoCommit>) => (await call<AutoCommit>('PUT', `${under(repo)}/auto-commit/`, { json: setting })).body;

/** Reads every content anew and compares it with its checksum; the answer names the job that does. */
export const checkRepo = (repo: number) => post<{ job: string }>(`${under(repo)}/fsck/`);
/** Frees what no commit names any more; the answer names the job that does. */
export const freeSpace = (repo: number) => post<{ job: string }>(`${under(repo)}/gc/`);

/** How many days a commit is kept that no branch's head is; null: for good. */
export interface Retention {
  keep_days: number | null;
  keep_tags: boolean;
}

export const retentionQuery = (repo: number) =>
  queryOptions({ queryKey: ['repos', repo, 'retention'], queryFn: ({ signal }) => get<Retention>(`${under(repo)}/retention/`, {}, signal) });
/** What is left out stays as it is. */
export const setRetention = async (repo: number, rules: Partial<Retention>) => (await call<Retention>('PUT', `${under(repo)}/retention/`, { json: rules })).body;

/** Which commit each line of a text came with; no lines for a file that is no text. */
export interface Blame {
  commit: Commit;
  commits: Commit[];
  results: Array<{ number: number; text: string; commit: string }> | null;
  is_complete: boolean;
}

export const blameQuery = (repo: number, ref: string, path: string) =>
  queryOptions({ queryKey: ['repos', repo, 'blame', ref, path], queryFn: ({ signal }) => get<Blame>(`${under(repo)}/blame/`, { ref, path }, signal) });

export const createBranch = (repo: number, wanted: { name: string; at?: string }) => post<Branch>(`${under(repo)}/branches/`, wanted);
export const deleteBranch = (repo: number, name: string) => remove(`${under(repo)}/branches/${encodeURIComponent(name)}/`);
/** Moves a branch to another commit; refused (409, "branch-moved") when its head is no longer the expected one. */
export const resetBranch = (repo: number, name: string, head: string, expected: string | null) =>
  call<Branch>('PUT', `${under(repo)}/branches/${encodeURIComponent(name)}/`, { json: { head, expected_head: expected } });
export const createTag = (repo: number, wanted: { name: string; at: string; message?: string }) => post<Tag>(`${under(repo)}/tags/`, wanted);
export const deleteTag = (repo: number, name: string) => remove(`${under(repo)}/tags/${encodeURIComponent(name)}/`);

/** One folder of a repo at a branch, tag or commit, page by page. */
export const filesQuery = (repo: number, ref: string, folder: string) =>
  infiniteQueryOptions({
    queryKey: ['repos', repo, 'files', ref, folder],
    queryFn: ({ pageParam, signal }) => get<FilePage>(`${under(repo)}/files/`, { ref, prefix: folder, delimiter: '/', after: pageParam, limit: FILES_A_PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

/** Every file whose path begins so, page by page, whichever folder it is in. */
export const folderQuery = (repo: number, ref: string, prefix: string) =>
  infiniteQueryOptions({
    queryKey: ['repos', repo, 'files', ref, { prefix }],
    queryFn: ({ pageParam, signal }) => get<FilePage>(`${under(repo)}/files/`, { ref, prefix, after: pageParam, limit: FILES_A_PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

/** The first files that fit a pattern such as `*.png`. */
export const globQuery = (repo: number, ref: string, glob: string) =>
  queryOptions({
    queryKey: ['repos', repo, 'files', ref, { glob }],
    queryFn: ({ signal }) => get<FilePage>(`${under(repo)}/files/`, { ref, glob, limit: FILES_A_PAGE }, signal),
    // Not those of another ref: what is done with a file is done here.
    placeholderData: (before, query) => (query?.queryKey[3] === ref ? before : undefined),
  });

const FOUND_AT_ONCE = 8;

/** A few files by a pattern, or by how their path begins: what somebody who types can look over. */
export const foundFilesQuery = (repo: number, ref: string, by: { glob: string } | { prefix: string }) =>
  queryOptions({
    queryKey: ['repos', repo, 'files', ref, { found: by }],
    queryFn: async ({ signal }) => (await get<FilePage>(`${under(repo)}/files/`, { ref, ...by, limit: FOUND_AT_ONCE }, signal)).results.filter((each): each is RepoFile => each.type === 'file'),
    retry: false, // a pattern that is half typed may be none
  });

/** One file by its path, or null where there is none. */
export const fileQuery = (repo: number, ref: string, path: string) =>
  queryOptions({
    queryKey: ['repos', repo, 'files', ref, { path }],
    queryFn: async ({ signal }) => {
      const { results } = await get<FilePage>(`${under(repo)}/files/`, { ref, prefix: path, limit: 1 }, signal);
      return results.find((each): each is RepoFile => each.type === 'file' && each.path === path) ?? null;
    },
  });

export const fileAddress = (repo: number, ref: string, path: string, query: { thumbnail?: number } = {}): string =>
  addressOf(`${under(repo)}/files/${named(path)}`, { ref, ...query });

/** The beginning of a file, as bytes. */
export const fileHeadQuery = (repo: number, ref: string, file: Pick<RepoFile, 'path' | 'id'>, most_bytes: number) =>
  queryOptions({
    queryKey: ['repo-content', repo, file.id, file.path, most_bytes],
    queryFn: async ({ signal }) => {
      const answer = await fetch(fileAddress(repo, ref, file.path), { credentials: 'same-origin', headers: { Range: `bytes=0-${most_bytes - 1}` }, signal });
      if (!answer.ok) throw new Error(`${file.path} could not be read: the server answered ${answer.status}.`);
      return new Uint8Array(await answer.arrayBuffer());
    },
    staleTime: Infinity, // what lies at an address never changes
    gcTime: 60_000,
  });

export const commitsQuery = (repo: number, ref: string, path?: string) =>
  infiniteQueryOptions({
    queryKey: ['repos', repo, 'commits', ref, path],
    queryFn: ({ pageParam, signal }) => get<{ results: Commit[]; next: string | null }>(`${under(repo)}/commits/`, { ref, path, limit: COMMITS_A_PAGE, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

export const commitQuery = (repo: number, ref: string) =>
  queryOptions({ queryKey: ['repos', repo, 'commit', ref], queryFn: ({ signal }) => get<Commit>(`${under(repo)}/commits/${encodeURIComponent(ref)}/`, {}, signal) });

/** What differs between two commits; from the first parent of `to` where none is named. */
export const diffQuery = (repo: number, to: string, from?: string) =>
  infiniteQueryOptions({
    queryKey: ['repos', repo, 'diff', to, from],
    queryFn: ({ pageParam, signal }) => get<{ from: string | null; to: string; results: Change[]; next: string | null }>(`${under(repo)}/diff/`, { from, to, after: pageParam, limit: CHANGES_A_PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });

/** Puts the files of a tar into a branch, as one commit. */
export async function putArchive(repo: number, tar: Blob, { branch, message, prefix }: { branch: string; message: string; prefix: string }, watch: { signal: AbortSignal; onProgress: (progress: UploadProgress) => void }): Promise<Commit> {
  const answer = await upload<Commit>(`${under(repo)}/archive/`, { query: { branch, message, prefix }, raw: tar, headers: { 'Content-Type': 'application/x-tar' }, ...watch });
  return answer.body;
}

export interface Changes {
  branch: string;
  message: string;
  move?: Array<{ from: string; to: string }>;
  delete?: string[];
}

/** Moves and deletes files of a branch, as one commit. */
export const changeFiles = (repo: number, changes: Changes) => post<Commit>(`${under(repo)}/changes/`, changes);

export const finishCommit = (repo: number, commit: string, message: string) => post<Commit>(`${under(repo)}/commits/${commit}/finish/`, { message });
export const abandonCommit = (repo: number, commit: string) => remove(`${under(repo)}/commits/${commit}/`);

export interface Merge {
  from: string;
  into: string;
  message: string;
  /** What to take of each path that both sides changed. */
  resolutions?: Record<string, Side>;
}

export type Side = 'ours' | 'theirs' | 'base' | 'delete';

/** Raises ApiError with the code "merge-conflicts" and the list in its body when decisions are missing. */
export const mergeBranches = (repo: number, merge: Merge) => post<Commit>(`${under(repo)}/merges/`, merge);
/** Takes back what one commit did, as a new commit on the branch. */
export const revertCommit = (repo: number, commit: string, on: string) => post<Commit>(`${under(repo)}/reverts/`, { commit, on });
