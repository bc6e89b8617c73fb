import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { branchesQuery, foundFilesQuery, repoQuery, tagsQuery } from '../api/repos';
import { t } from '../i18n/words';
import { globOf, usualBranch } from '../pages/repos/names';
import type { Command } from './palette-acts';
import type { RepoSearch } from './router';

const SHORTEST = 2;
const MOST_REFS = 200;
/** Of more files than that only those are found whose path begins so: the rest would have to be walked over. */
const MOST_WALKED = 200_000;

/** The pattern that finds what was typed in any part of a path. */
const anywhere = (typed: string): string => (/[*?{[]/.test(typed) ? globOf(typed) : `**${typed.replace(/^\//, '')}**`);

/** What can be done in the repo at hand, its branches and tags, and its files by what was typed of their path. */
export function useRepoActs(search: string): { acts: Command[]; refs: Command[]; files: Command[] } {
  const navigate = useNavigate();
  const id = Number(useParams({ strict: false }).repoId) || undefined;
  const { ref: asked } = useSearch({ strict: false }) as RepoSearch;
  const isHere = id !== undefined;
  const repo = useQuery({ ...repoQuery(id ?? 0), enabled: isHere }).data;
  const branches = useQuery({ ...branchesQuery(id ?? 0), enabled: isHere, refetchInterval: false }).data;
  const tags = useQuery({ ...tagsQuery(id ?? 0), enabled: isHere }).data;
  const ref = asked ?? usualBranch(branches ?? []);
  const isAsking = repo !== undefined && repo.head !== null && search.length >= SHORTEST;
  const by = (repo?.files ?? 0) > MOST_WALKED ? { prefix: search.replace(/^\//, '') } : { glob: anywhere(search) };
  const found = useQuery({ ...foundFilesQuery(id ?? 0, ref, by), enabled: isAsking }).data;
  const acts = useMemo((): Command[] => {
    if (!repo) return [];
    const params = { repoId: String(repo.id) };
    const writes = repo.may_write;
    return [
      ...(writes ? [{ id: 'add-files', title: t('Add files to {name}', { name: repo.name }), icon: 'upload' as const, kind: 'do', keys: 'U', run: () => void navigate({ to: '/repos/$repoId', params, search: { ...(asked ? { ref: asked } : {}), do: 'add-files' } }) }] : []),
      ...(writes && repo.head ? [
        { id: 'new-branch', title: t('New branch'), icon: 'branch' as const, kind: 'do', run: () => void navigate({ to: '/repos/$repoId/branches', params, search: { do: 'new-branch' } }) },
        { id: 'new-tag', title: t('New tag'), icon: 'tag' as const, kind: 'do', run: () => void navigate({ to: '/repos/$repoId/branches', params, search: { do: 'new-tag' } }) },
      ] : []),
      { id: 'project-of-repo', title: t('New project from {name}', { name: repo.name }), icon: 'plus', kind: 'do', needs: 'edit', run: () => void navigate({ to: '/projects/new', search: { repo: repo.id } }) },
      { id: 'repo-files', title: t('Files of {name}', { name: repo.name }), icon: 'folder', kind: 'page', run: () => void navigate({ to: '/repos/$repoId', params }) },
      { id: 'repo-commits', title: t('Commits of {name}', { name: repo.name }), icon: 'commit', kind: 'page', run: () => void navigate({ to: '/repos/$repoId/commits', params }) },
      { id: 'repo-branches', title: t('Branches and tags of {name}', { name: repo.name }), icon: 'branch', kind: 'page', run: () => void navigate({ to: '/repos/$repoId/branches', params }) },
    ];
  }, [repo, asked, navigate]);
  const refs = useMemo((): Command[] => {
    const to = (name: string) => () => void navigate({ to: '/repos/$repoId', params: { repoId: String(id) }, search: { ref: name } });
    return [
      ...(branches ?? []).slice(0, MOST_REFS).map(({ name }) => ({ id: `branch-${name}`, title: name, icon: 'branch' as const, kind: 'branch', run: to(name) })),
      ...(tags ?? []).slice(0, MOST_REFS).map(({ name }) => ({ id: `tag-${name}`, title: name, icon: 'tag' as const, kind: 'tag', run: to(name) })),
    ];
  }, [branches, tags, id, navigate]);
  const files = useMemo((): Command[] => (isAsking ? (found ?? []) : []).map(({ path }) => ({
    id: `file-${path}`, title: path, icon: 'file', kind: 'file', isFound: true,
    run: () => void navigate({ to: '/repos/$repoId', params: { repoId: String(id) }, search: { ref, folder: path.slice(0, path.lastIndexOf('/') + 1) || undefined, file: path } }),
  })), [found, isAsking, id, ref, navigate]);
  return { acts, refs, files };
}
