import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { base } from '../api/addresses';
import { sessionQuery } from '../api/session';
import type { Session } from '../api/types';
import type { RunLook } from '../api/tracking';
import type { TraceLook } from '../pages/traces/use-trace-asking';
import { followLanguageOnce } from './language';
import { pageOfMlflowLink } from './mlflow-links';
import { Lost, LostPage, Oops, OopsPage } from './oops';
import { onSignedOut, queryClient } from './query';
import { Shell } from './shell';
import { wishIn } from './wish';

export interface EnterSearch {
  next?: string;
  invitation?: string;
}

/** An address in this app to go on to; anything that leads elsewhere is dropped. */
export function safeNext(next: unknown): string | undefined {
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) ? next : undefined;
}

const enterSearch = (search: Record<string, unknown>): EnterSearch => {
  const invitation = search['invitation'] ?? search['token'];
  const next = safeNext(search['next']);
  return { ...(next ? { next } : {}), ...(invitation ? { invitation: String(invitation) } : {}) };
};

/** A page in another language than the person's own is loaded anew, before anything of it is drawn. */
async function inTheirLanguage({ user, language }: Session): Promise<void> {
  if (!followLanguageOnce(user?.id, language)) return;
  location.reload();
  await new Promise(() => undefined);
}

const root = createRootRoute({ component: Outlet, errorComponent: OopsPage, notFoundComponent: LostPage });

const login = createRoute({
  getParentRoute: () => root, path: '/user/login', validateSearch: enterSearch,
  loader: () => queryClient.ensureQueryData(sessionQuery),
  component: lazyRouteComponent(() => import('../pages/sign-in/sign-in'), 'SignIn'),
});

const signup = createRoute({
  getParentRoute: () => root, path: '/user/signup', validateSearch: enterSearch,
  loader: () => queryClient.ensureQueryData(sessionQuery),
  component: lazyRouteComponent(() => import('../pages/sign-in/sign-up'), 'SignUp'),
});

const resetPassword = createRoute({
  getParentRoute: () => root, path: '/user/reset-password',
  validateSearch: (search: Record<string, unknown>): { token?: string } => (search['token'] ? { token: String(search['token']) } : {}),
  component: lazyRouteComponent(() => import('../pages/sign-in/reset-password'), 'ResetPassword'),
});

const inside = createRoute({
  getParentRoute: () => root, id: 'inside', component: Shell,
  beforeLoad: async ({ location, preload }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session.user) return preload ? undefined : inTheirLanguage(session);
    const isHome = (location.pathname === '/' && !location.hash) || location.pathname === '/projects';
    const search = isHome ? {} : { next: location.href };
    throw session.sign_up === 'first' ? redirect({ to: '/user/signup' }) : redirect({ to: '/user/login', search });
  },
});

const home = createRoute({
  getParentRoute: () => inside, path: '/',
  beforeLoad: async ({ location }) => {
    const { workspaces } = await queryClient.ensureQueryData(sessionQuery);
    const page = pageOfMlflowLink(location.hash, workspaces);
    throw page ? redirect({ href: page, replace: true }) : redirect({ to: '/projects', replace: true });
  },
});

const projects = createRoute({
  getParentRoute: () => inside, path: '/projects',
  validateSearch: (search: Record<string, unknown>): { search?: string } => (search['search'] ? { search: String(search['search']) } : {}),
  component: lazyRouteComponent(() => import('../pages/projects/projects'), 'Projects'),
});

export interface NewProjectSearch {
  /** The repo whose files become its tasks. */
  repo?: number | undefined;
}

const newProject = createRoute({
  getParentRoute: () => inside, path: '/projects/new',
  validateSearch: (search: Record<string, unknown>): NewProjectSearch => (Number(search['repo']) > 0 ? { repo: Number(search['repo']) } : {}),
  component: lazyRouteComponent(() => import('../pages/new-project/new-project'), 'NewProject'),
});

const project = createRoute({
  getParentRoute: () => inside, path: '/projects/$projectId',
  component: lazyRouteComponent(() => import('../pages/project/project-frame'), 'ProjectFrame'),
});

const projectHome = createRoute({
  getParentRoute: () => project, path: '/',
  beforeLoad: ({ params }) => { throw redirect({ to: '/projects/$projectId/data', params, replace: true }); },
});

export interface TasksSearch {
  /** Filters as `column:operator:value`, joined by `;`; see pages/tasks/filters.ts. */
  where?: string;
  sort?: string;
  /** A saved view; `where`, `match` and `sort` stand for what was changed in it. */
  view?: number;
  /** Whether a task must fit all filters or any of them. */
  match?: 'and' | 'or';
  /** The task that is shown beside the table. */
  task?: number;
  open?: 'import' | 'export';
}

const tasks = createRoute({
  getParentRoute: () => project, path: '/data',
  validateSearch: (search: Record<string, unknown>): TasksSearch => ({
    ...(search['where'] ? { where: String(search['where']) } : {}),
    ...(search['sort'] ? { sort: String(search['sort']) } : {}),
    ...(Number(search['view']) > 0 ? { view: Number(search['view']) } : {}),
    ...(search['match'] === 'and' || search['match'] === 'or' ? { match: search['match'] } : {}),
    ...(Number(search['task']) > 0 ? { task: Number(search['task']) } : {}),
    ...(search['open'] === 'import' || search['open'] === 'export' ? { open: search['open'] } : {}),
  }),
  component: lazyRouteComponent(() => import('../pages/tasks/tasks'), 'Tasks'),
});

const settings = createRoute({
  getParentRoute: () => project, path: '/settings',
  component: lazyRouteComponent(() => import('../pages/settings/settings'), 'Settings'),
});

const progress = createRoute({
  getParentRoute: () => project, path: '/progress',
  component: lazyRouteComponent(() => import('../pages/progress/progress'), 'ProgressPage'),
});

export interface LearningSearch {
  /** The model that is looked at, where there are several. */
  backend?: number | undefined;
  /** The training that is looked at; without it the one under way or the newest. */
  training?: number | undefined;
  /** The version that is compared. */
  compare?: number | undefined;
  /** See wish.ts. */
  do?: string | undefined;
}

const learning = createRoute({
  getParentRoute: () => project, path: '/learning',
  validateSearch: (search: Record<string, unknown>): LearningSearch => ({
    ...(Number(search['backend']) > 0 ? { backend: Number(search['backend']) } : {}), ...(Number(search['training']) > 0 ? { training: Number(search['training']) } : {}),
    ...(Number(search['compare']) > 0 ? { compare: Number(search['compare']) } : {}), ...wishIn(search),
  }),
  component: lazyRouteComponent(() => import('../pages/learning/learning'), 'LearningPage'),
});

const projectMembers = createRoute({
  getParentRoute: () => project, path: '/members',
  component: lazyRouteComponent(() => import('../pages/members/project-members'), 'ProjectMembers'),
});

const jobs = createRoute({
  getParentRoute: () => inside, path: '/jobs',
  validateSearch: (search: Record<string, unknown>): JobsSearch => ({
    ...(search['job'] ? { job: String(search['job']) } : {}),
    ...(search['state'] === 'running' || search['state'] === 'failed' ? { state: search['state'] } : {}),
    ...(Number(search['project']) ? { project: Number(search['project']) } : {}),
  }),
  component: lazyRouteComponent(() => import('../pages/jobs/jobs'), 'Jobs'),
});

export interface JobsSearch {
  /** The job whose log is open. */
  job?: string;
  state?: 'running' | 'failed';
  project?: number;
}

const members = createRoute({
  getParentRoute: () => inside, path: '/members',
  component: lazyRouteComponent(() => import('../pages/members/members'), 'Members'),
});

const admin = createRoute({
  getParentRoute: () => inside, path: '/admin',
  component: lazyRouteComponent(() => import('../pages/admin/admin-frame'), 'AdminFrame'),
});

const adminHome = createRoute({
  getParentRoute: () => admin, path: '/',
  beforeLoad: () => { throw redirect({ to: '/admin/people', replace: true }); },
});

const adminPeople = createRoute({
  getParentRoute: () => admin, path: '/people',
  component: lazyRouteComponent(() => import('../pages/admin/people'), 'AdminPeople'),
});

const adminWorkspaces = createRoute({
  getParentRoute: () => admin, path: '/workspaces',
  component: lazyRouteComponent(() => import('../pages/admin/workspaces'), 'AdminWorkspaces'),
});

const adminTokens = createRoute({
  getParentRoute: () => admin, path: '/tokens',
  component: lazyRouteComponent(() => import('../pages/admin/tokens'), 'AdminTokens'),
});

export interface SetUpSearch {
  /** For how many seconds an answer is waited for that comes late. */
  wait?: number;
}

const adminSetUp = createRoute({
  getParentRoute: () => admin, path: '/set-up',
  validateSearch: (search: Record<string, unknown>): SetUpSearch => (Number(search['wait']) > 0 ? { wait: Math.min(600, Number(search['wait'])) } : {}),
  component: lazyRouteComponent(() => import('../pages/admin/set-up'), 'SetUpCheck'),
});

const adminAppearance = createRoute({
  getParentRoute: () => admin, path: '/appearance',
  component: lazyRouteComponent(() => import('../pages/admin/appearance'), 'AdminAppearance'),
});

const adminServiceAccounts = createRoute({
  getParentRoute: () => admin, path: '/service-accounts',
  component: lazyRouteComponent(() => import('../pages/admin/service-accounts'), 'AdminServiceAccounts'),
});

export interface AuditSearch {
  actor?: number;
  action?: string;
  outcome?: 'done' | 'refused';
  since?: string;
  until?: string;
}

const auditSearch = (search: Record<string, unknown>): AuditSearch => ({
  ...(Number(search['actor']) ? { actor: Number(search['actor']) } : {}),
  ...(search['action'] ? { action: String(search['action']) } : {}),
  ...(search['outcome'] === 'done' || search['outcome'] === 'refused' ? { outcome: search['outcome'] } : {}),
  ...(search['since'] ? { since: String(search['since']) } : {}),
  ...(search['until'] ? { until: String(search['until']) } : {}),
});

const adminAudit = createRoute({
  getParentRoute: () => admin, path: '/audit', validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../pages/admin/audit'), 'AdminAudit'),
});

const audit = createRoute({
  getParentRoute: () => inside, path: '/audit-log', validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../pages/audit/audit'), 'Audit'),
});

const deleted = createRoute({
  getParentRoute: () => inside, path: '/deleted',
  component: lazyRouteComponent(() => import('../pages/trash/deleted-projects'), 'DeletedProjects'),
});

const repos = createRoute({
  getParentRoute: () => inside, path: '/repos', validateSearch: wishIn,
  component: lazyRouteComponent(() => import('../pages/repos/repos'), 'Repos'),
});

export interface RepoSearch {
  /** The branch, tag or commit that is looked at. */
  ref?: string | undefined;
  /** The folder that is open: ends in a slash. */
  folder?: string | undefined;
  /** The file that is shown beside the table. */
  file?: string | undefined;
  /** Only commits that changed this file or folder. */
  path?: string | undefined;
  /** The commit that another one is compared with, in place of the one before it. */
  from?: string | undefined;
  /** See wish.ts. */
  do?: string | undefined;
}

const repoSearch = (search: Record<string, unknown>): RepoSearch =>
  Object.fromEntries(['ref', 'folder', 'file', 'path', 'from', 'do'].flatMap((key) => (search[key] === undefined || search[key] === '' ? [] : [[key, String(search[key])]])));

const repo = createRoute({
  getParentRoute: () => inside, path: '/repos/$repoId', validateSearch: repoSearch,
  component: lazyRouteComponent(() => import('../pages/repos/repo-frame'), 'RepoFrame'),
});

const repoFiles = createRoute({
  getParentRoute: () => repo, path: '/',
  component: lazyRouteComponent(() => import('../pages/repos/files'), 'Files'),
});

const repoCommits = createRoute({
  getParentRoute: () => repo, path: '/commits',
  component: lazyRouteComponent(() => import('../pages/repos/commits'), 'Commits'),
});

const repoCommit = createRoute({
  getParentRoute: () => repo, path: '/commits/$commitId',
  component: lazyRouteComponent(() => import('../pages/repos/commit'), 'CommitPage'),
});

const repoBranches = createRoute({
  getParentRoute: () => repo, path: '/branches',
  component: lazyRouteComponent(() => import('../pages/repos/branches'), 'Branches'),
});

export interface LineageSearch {
  /** What the graph is about, such as "commit:4f1c…" or "task:12". */
  node?: string | undefined;
  way?: 'up' | 'down' | undefined;
}

const lineage = createRoute({
  getParentRoute: () => inside, path: '/lineage',
  validateSearch: (search: Record<string, unknown>): LineageSearch => ({
    ...(search['node'] ? { node: String(search['node']) } : {}),
    ...(search['way'] === 'up' || search['way'] === 'down' ? { way: search['way'] } : {}),
  }),
  component: lazyRouteComponent(() => import('../pages/lineage/lineage'), 'LineagePage'),
});

const projectStorages = createRoute({
  getParentRoute: () => project, path: '/storages', validateSearch: wishIn,
  component: lazyRouteComponent(() => import('../pages/settings/storages'), 'Storages'),
});

export interface VersionSearch {
  /** The commit or tag of the labels that the project is looked at, such as "labels@v1". */
  at?: string | undefined;
  task?: number | undefined;
}

const projectVersions = createRoute({
  getParentRoute: () => project, path: '/versions',
  validateSearch: (search: Record<string, unknown>): VersionSearch => ({
    ...(search['at'] ? { at: String(search['at']) } : {}),
    ...(Number(search['task']) > 0 ? { task: Number(search['task']) } : {}),
  }),
  component: lazyRouteComponent(() => import('../pages/versions/versions'), 'Versions'),
});

/** The workspace that a page of experiments or models is of. */
interface OfWorkspace {
  w?: number;
}

const ofWorkspace = (search: Record<string, unknown>): OfWorkspace => (Number(search['w']) > 0 ? { w: Number(search['w']) } : {});
const texts = <K extends string>(search: Record<string, unknown>, ...keys: K[]): Partial<Record<K, string>> =>
  Object.fromEntries(keys.flatMap((key) => (search[key] === undefined || search[key] === '' ? [] : [[key, String(search[key])]]))) as Partial<Record<K, string>>;

export interface ExperimentsSearch extends OfWorkspace {
  search?: string | undefined;
  deleted?: true | undefined;
}

const experiments = createRoute({
  getParentRoute: () => inside, path: '/experiments',
  validateSearch: (search: Record<string, unknown>): ExperimentsSearch => ({ ...ofWorkspace(search), ...texts(search, 'search'), ...(search['deleted'] ? { deleted: true } : {}) }),
  component: lazyRouteComponent(() => import('../pages/experiments/experiments'), 'Experiments'),
});

const deletedRuns = createRoute({
  getParentRoute: () => inside, path: '/experiments/deleted', validateSearch: ofWorkspace,
  component: lazyRouteComponent(() => import('../pages/purge/purge'), 'Purge'),
});

/** How the runs are looked at (see RunLook), the saved view it began with, and the run that is shown beside the table. */
export interface RunsSearch extends OfWorkspace, RunLook {
  saved?: number;
  run?: string | undefined;
}

const isWidths = (widths: unknown): widths is Record<string, number> => typeof widths === 'object' && widths !== null && Object.values(widths).every((width) => typeof width === 'number');

const runs = createRoute({
  getParentRoute: () => inside, path: '/experiments/$experimentIds',
  validateSearch: (search: Record<string, unknown>): RunsSearch => ({
    ...ofWorkspace(search), ...texts(search, 'filter', 'sort', 'group', 'run'), ...(search['which'] === 'deleted' ? { which: 'deleted' } : {}), ...(Number(search['saved']) > 0 ? { saved: Number(search['saved']) } : {}),
    ...(Array.isArray(search['columns']) ? { columns: search['columns'].map(String) } : {}), ...(isWidths(search['widths']) ? { widths: search['widths'] } : {}),
  }),
  component: lazyRouteComponent(() => import('../pages/runs/runs'), 'Runs'),
});

/** How traces are listed (see TraceLook), and the one that is shown beside them. */
export interface TracesSearch extends OfWorkspace, TraceLook {
  trace?: string | undefined;
}

const traceLook = (search: Record<string, unknown>): Omit<TracesSearch, 'w'> => ({
  ...texts(search, 'filter', 'sort', 'trace'), ...(Array.isArray(search['columns']) ? { columns: search['columns'].map(String) } : {}), ...(isWidths(search['widths']) ? { widths: search['widths'] } : {}),
});

const traces = createRoute({
  getParentRoute: () => inside, path: '/experiments/$experimentIds/traces',
  validateSearch: (search: Record<string, unknown>): TracesSearch => ({ ...ofWorkspace(search), ...traceLook(search) }),
  component: lazyRouteComponent(() => import('../pages/traces/traces'), 'Traces'),
});

export interface TraceSearch extends OfWorkspace {
  tab?: 'details' | 'feedback';
  /** The span that is looked at. */
  span?: string | undefined;
}

const trace = createRoute({
  getParentRoute: () => inside, path: '/traces/$traceId',
  validateSearch: (search: Record<string, unknown>): TraceSearch => ({ ...ofWorkspace(search), ...(search['tab'] === 'details' || search['tab'] === 'feedback' ? { tab: search['tab'] } : {}), ...texts(search, 'span') }),
  component: lazyRouteComponent(() => import('../pages/traces/trace-page'), 'TracePage'),
});

export interface RunSearch extends OfWorkspace, Omit<TracesSearch, 'w'> {
  tab?: 'metrics' | 'system' | 'artifacts' | 'traces';
  /** The file that is looked at. */
  path?: string;
}

const RUN_TABS: readonly string[] = ['metrics', 'system', 'artifacts', 'traces'];

const run = createRoute({
  getParentRoute: () => inside, path: '/runs/$runId',
  validateSearch: (search: Record<string, unknown>): RunSearch => ({ ...ofWorkspace(search), ...(RUN_TABS.includes(String(search['tab'])) ? { tab: search['tab'] as 'metrics' } : {}), ...texts(search, 'path'), ...(search['tab'] === 'traces' ? traceLook(search) : {}) }),
  component: lazyRouteComponent(() => import('../pages/run/run-page'), 'RunPage'),
});

export interface CompareSearch extends OfWorkspace {
  /** Ids of runs, joined by commas. */
  runs?: string;
  tab?: 'differences' | 'parallel' | 'scatter';
}

const compare = createRoute({
  getParentRoute: () => inside, path: '/compare',
  validateSearch: (search: Record<string, unknown>): CompareSearch => ({ ...ofWorkspace(search), ...texts(search, 'runs'), ...(['differences', 'parallel', 'scatter'].includes(String(search['tab'])) ? { tab: search['tab'] as 'parallel' } : {}) }),
  component: lazyRouteComponent(() => import('../pages/compare/compare'), 'Compare'),
});

const models = createRoute({
  getParentRoute: () => inside, path: '/models',
  validateSearch: (search: Record<string, unknown>): OfWorkspace & { search?: string | undefined } => ({ ...ofWorkspace(search), ...texts(search, 'search') }),
  component: lazyRouteComponent(() => import('../pages/models/models'), 'Models'),
});

const model = createRoute({
  getParentRoute: () => inside, path: '/models/$name', validateSearch: ofWorkspace,
  component: lazyRouteComponent(() => import('../pages/models/model-page'), 'ModelPage'),
});

const account = createRoute({
  getParentRoute: () => inside, path: '/account',
  component: lazyRouteComponent(() => import('../pages/account/account'), 'Account'),
});

/** Addresses that others use for the same pages. */
const elsewhere = [
  ['/user/account', '/account'], ['/user/account/$', '/account'], ['/account/tokens', '/account'], ['/people', '/admin/people'], ['/organization', '/admin/people'], ['/organization/$', '/admin/people'],
].map(([path, to]) => createRoute({ getParentRoute: () => inside, path: path as string, beforeLoad: () => { throw redirect({ to: to as '/account' | '/admin/people', replace: true }); } }));

/** Where Label Studio has the storages of a project. */
const storagesElsewhere = createRoute({ getParentRoute: () => inside, path: '/projects/$projectId/settings/storage', beforeLoad: ({ params }) => { throw redirect({ to: '/projects/$projectId/storages', params, replace: true }); } });

const tree = root.addChildren([
  login, signup, resetPassword,
  inside.addChildren([home, projects, newProject, project.addChildren([projectHome, tasks, progress, learning, projectMembers, projectStorages, projectVersions, settings]), repos, repo.addChildren([repoFiles, repoCommits, repoCommit, repoBranches]), lineage, experiments, deletedRuns, runs, traces, trace, run, compare, models, model, jobs, members, admin.addChildren([adminHome, adminPeople, adminWorkspaces, adminTokens, adminServiceAccounts, adminAppearance, adminSetUp, adminAudit]), audit, deleted, account, storagesElsewhere, ...elsewhere]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: base.pathname,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultErrorComponent: ({ error }) => <Oops error={error} />,
  defaultNotFoundComponent: () => <Lost />,
});

declare module '@tanstack/react-router' {
  interface Register { router: typeof router }
}

onSignedOut(() => {
  if (router.state.location.pathname.startsWith('/user/')) return;
  const next = router.state.location.href;
  queryClient.removeQueries(sessionQuery);
  void router.navigate({ to: '/user/login', search: { next } });
});
