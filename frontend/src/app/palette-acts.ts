import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { address } from '../api/addresses';
import { projectsQuery } from '../api/projects';
import { reposQuery } from '../api/repos';
import { sessionQuery, signOut } from '../api/session';
import { isRepoKind, storagesQuery, type Storage, syncStorage } from '../api/storages';
import { t } from '../i18n/words';
import type { IconName } from '../ui/icon';
import { messageOf } from '../ui/parts';
import { say } from '../ui/toast';
import { useSettled } from '../ui/use-settled';
import { nameOfStorage } from '../pages/settings/storage-words';
import { useOverlay } from './overlay';
import { useRepoActs } from './palette-repo';
import { useTheme } from './theme';
import { type Act, may, useRoleIn, useWorkspace } from './workspace';

/** One thing that the palette finds or does. */
export interface Command {
  id: string;
  title: string;
  icon: IconName;
  kind: string;
  keys?: string;
  /** What the person must be allowed; nothing for what everybody may. */
  needs?: Act;
  /** Found by the server, by whatever it looks at: not by its title here. */
  isFound?: boolean;
  run: () => void;
}

/** Whether every typed word begins a word of the title (or stands in it, when long enough). */
export function matches(title: string, typed: string): boolean {
  const name = title.toLowerCase();
  return typed.toLowerCase().split(/\s+/).filter(Boolean).every((word) => (word.length > 2 ? name.includes(word) : name.split(/[\s-]+/).some((part) => part.startsWith(word))));
}

const FIRST_PROJECTS = 6;

/** What fits what was typed, best first; before anything is typed, what can be done here. */
export function useActs(typed: string): Command[] {
  const workspace = useWorkspace();
  const words = typed.trim();
  const search = useSettled(words);
  const [here, projects, repos, repo, everywhere] = [useProjectActs(words), useProjects(search), useRepos(), useRepoActs(search), useEverywhere()];
  return useMemo(() => {
    const allowed = ({ needs }: Command) => needs === undefined || may(workspace, needs);
    if (words === '') return [...here, ...repo.acts, ...projects.slice(0, FIRST_PROJECTS), ...everywhere].filter(allowed);
    const named = [...projects, ...repos, ...repo.refs, ...here, ...repo.acts, ...everywhere].filter(({ isFound, title }) => isFound || matches(title, words));
    return [...named, ...repo.files].filter(allowed);
  }, [words, here, projects, repos, repo, everywhere, workspace]);
}

/** What can be done with the project at hand. */
function useProjectActs(words: string): Command[] {
  const navigate = useNavigate();
  const project = Number(useParams({ strict: false }).projectId) || undefined;
  const role = useRoleIn(project);
  const data = useStorageActs(project, may(role, 'edit'));
  return useMemo(() => {
    if (project === undefined) return [];
    const params = { projectId: String(project) };
    const task = /^(?:task )?#?(\d+)$/i.exec(words)?.[1];
    return [
      ...(task ? [{ id: 'task', title: t('Open task {id}', { id: task }), icon: 'picture' as const, kind: 'task', isFound: true, run: () => location.assign(address(`projects/${project}/label?task=${task}`)) }] : []),
      { id: 'next', title: t('Label the next task'), icon: 'label', kind: 'do', keys: 'L', needs: 'label', run: () => location.assign(address(`projects/${project}/label`)) },
      ...data,
      { id: 'tasks', title: t('Tasks of this project'), icon: 'rows', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/data', params }) },
      { id: 'import', title: t('Import into this project'), icon: 'upload', kind: 'do', keys: 'I', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/data', params, search: { open: 'import' } }) },
      { id: 'export', title: t('Export this project'), icon: 'download', kind: 'do', keys: 'E', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/data', params, search: { open: 'export' } }) },
      { id: 'progress', title: t('Progress of this project'), icon: 'chart', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/progress', params }) },
      { id: 'learning', title: t('Learning of this project: models, training, versions'), icon: 'model', kind: 'page', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/learning', params }) },
      { id: 'train', title: t('Train this project’s model'), icon: 'model', kind: 'do', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/learning', params, search: { do: 'train' } }) },
      { id: 'connect-model', title: t('Connect a model to this project'), icon: 'plus', kind: 'do', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/learning', params, search: { do: 'connect' } }) },
      { id: 'project-members', title: t('Members of this project'), icon: 'people', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/members', params }) },
      { id: 'storages', title: t('Sources and targets of this project'), icon: 'store', kind: 'page', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/storages', params }) },
      { id: 'versions', title: t('Versions of this project'), icon: 'clock', kind: 'page', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/versions', params }) },
      { id: 'project-jobs', title: t('Jobs of this project'), icon: 'clock', kind: 'page', run: () => void navigate({ to: '/jobs', search: { project } }) },
      { id: 'settings', title: t('Settings of this project'), icon: 'gear', kind: 'page', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/settings', params }) },
    ] satisfies Command[];
  }, [project, words, data, navigate]);
}

/** Syncs of the project's sources, commits of its labels, and new ones of both. */
function useStorageActs(project: number | undefined, edits: boolean): Command[] {
  const navigate = useNavigate();
  const client = useQueryClient();
  const isAsked = project !== undefined && edits;
  const sources = useQuery({ ...storagesQuery('source', project ?? 0), enabled: isAsked, refetchInterval: false }).data;
  const targets = useQuery({ ...storagesQuery('target', project ?? 0), enabled: isAsked, refetchInterval: false }).data;
  return useMemo(() => {
    if (!isAsked) return [];
    const open = (wish?: string) => void navigate({ to: '/projects/$projectId/storages', params: { projectId: String(project) }, search: wish ? { do: wish } : {} });
    const sync = (source: Storage) => {
      open();
      syncStorage('source', source).then(() => client.invalidateQueries({ queryKey: ['storages'] }), (error: unknown) => say(messageOf(error), { tone: 'bad' }));
    };
    return [
      ...(targets ?? []).filter(({ type }) => isRepoKind(type)).map((each) => ({ id: `commit-${each.id}`, title: t('Commit labels to {name}', { name: nameOfStorage(each, 'target') }), icon: 'commit' as const, kind: 'do', run: () => open(`commit-${each.id}`) })),
      ...(sources ?? []).map((each) => ({ id: `sync-${each.id}`, title: t('Sync {name}', { name: nameOfStorage(each, 'source') }), icon: 'again' as const, kind: 'do', run: () => sync(each) })),
      { id: 'new-source', title: t('Add a source'), icon: 'plus', kind: 'do', run: () => open('new-source') },
      { id: 'new-target', title: t('Add a target'), icon: 'plus', kind: 'do', run: () => open('new-target') },
    ] satisfies Command[];
  }, [isAsked, project, sources, targets, navigate, client]);
}

const MOST_NAMED = 20;

function useProjects(search: string): Command[] {
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const found = useQuery({ ...projectsQuery({ workspace: workspace?.id, search: search || undefined }), placeholderData: (before) => before }).data;
  return useMemo(() => (found?.results ?? []).slice(0, MOST_NAMED).map((each) => ({
    id: `project-${each.id}`, title: each.title, icon: 'label', kind: 'project',
    run: () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(each.id) } }),
  })), [found, navigate]);
}

function useRepos(): Command[] {
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const repos = useQuery({ ...reposQuery(workspace?.id), enabled: workspace !== undefined && may(workspace, 'export') }).data;
  return useMemo(() => (repos ?? []).map((each) => ({
    id: `repo-${each.id}`, title: each.name, icon: 'repo', kind: 'repo', run: () => void navigate({ to: '/repos/$repoId', params: { repoId: String(each.id) } }),
  })), [repos, navigate]);
}

/** What can be done wherever one is. */
function useEverywhere(): Command[] {
  const navigate = useNavigate();
  const admin = useSuspenseQuery(sessionQuery).data.user?.is_admin ?? false;
  const { theme, setTheme } = useTheme();
  const show = useOverlay((state) => state.show);
  return useMemo(() => [
    { id: 'projects', title: t('Projects'), icon: 'label', kind: 'page', run: () => void navigate({ to: '/projects' }) },
    { id: 'new', title: t('New project'), icon: 'plus', kind: 'do', keys: 'N', needs: 'edit', run: () => void navigate({ to: '/projects/new' }) },
    { id: 'repos', title: t('Repos'), icon: 'repo', kind: 'page', needs: 'export', run: () => void navigate({ to: '/repos' }) },
    { id: 'new-repo', title: t('New repo'), icon: 'plus', kind: 'do', needs: 'edit', run: () => void navigate({ to: '/repos', search: { do: 'new-repo' } }) },
    { id: 'experiments', title: t('Experiments'), icon: 'chart', kind: 'page', needs: 'export', run: () => void navigate({ to: '/experiments' }) },
    { id: 'models', title: t('Models'), icon: 'model', kind: 'page', needs: 'export', run: () => void navigate({ to: '/models' }) },
    { id: 'jobs', title: t('Jobs'), icon: 'clock', kind: 'page', run: () => void navigate({ to: '/jobs' }) },
    { id: 'members', title: t('Members of this workspace'), icon: 'people', kind: 'page', run: () => void navigate({ to: '/members' }) },
    { id: 'audit', title: t('Audit log'), icon: 'log', kind: 'page', needs: 'manage', run: () => void navigate({ to: '/audit-log' }) },
    { id: 'deleted', title: t('Deleted projects'), icon: 'trash', kind: 'page', needs: 'manage', run: () => void navigate({ to: '/deleted' }) },
    { id: 'deleted-runs', title: t('Deleted runs'), icon: 'trash', kind: 'page', needs: 'export', run: () => void navigate({ to: '/experiments/deleted' }) },
    ...(admin ? [
      { id: 'people', title: t('People of the organisation'), icon: 'person' as const, kind: 'page', run: () => void navigate({ to: '/admin/people' }) },
      { id: 'admin-workspaces', title: t('All workspaces'), icon: 'grid' as const, kind: 'page', run: () => void navigate({ to: '/admin/workspaces' }) },
      { id: 'admin-tokens', title: t('Everybody’s tokens'), icon: 'key' as const, kind: 'page', run: () => void navigate({ to: '/admin/tokens' }) },
      { id: 'admin-appearance', title: t('Appearance: name, logo and colours'), icon: 'screen' as const, kind: 'page', run: () => void navigate({ to: '/admin/appearance' }) },
      { id: 'admin-services', title: t('All service accounts'), icon: 'flow' as const, kind: 'page', run: () => void navigate({ to: '/admin/service-accounts' }) },
      { id: 'admin-set-up', title: t('Check the set-up'), icon: 'check' as const, kind: 'page', run: () => void navigate({ to: '/admin/set-up' }) },
    ] : []),
    { id: 'account', title: t('Account and tokens'), icon: 'person', kind: 'page', run: () => void navigate({ to: '/account' }) },
    { id: 'theme', title: theme === 'dark' ? t('Light theme') : t('Dark theme'), icon: theme === 'dark' ? 'sun' : 'moon', kind: 'do', run: () => setTheme(theme === 'dark' ? 'light' : 'dark') },
    { id: 'keys', title: t('Keys'), icon: 'keyboard', kind: 'do', keys: '?', run: () => show('keys') },
    { id: 'out', title: t('Sign out'), icon: 'out', kind: 'do', run: () => void signOut().then(() => location.assign(address('user/login'))) },
  ] satisfies Command[], [admin, theme, navigate, setTheme, show]);
}
