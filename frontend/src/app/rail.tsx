import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useRouterState } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { address } from '../api/addresses';
import { runningJobsQuery } from '../api/jobs';
import { projectsQuery } from '../api/projects';
import { initialsOf, nameOf, sessionQuery, signOut } from '../api/session';
import type { Role, Workspace } from '../api/types';
import { plural, t } from '../i18n/words';
import { count } from '../ui/format';
import { Icon } from '../ui/icon';
import { Avatar } from '../ui/parts';
import { hasAppearance, logoAddress, productName } from './appearance';
import { MOD } from './keys';
import { NewWorkspace } from './new-workspace';
import { useFold, useOverlay } from './overlay';
import { ROLE_WORDS } from './roles';
import { useTheme } from './theme';
import { may, useWorkspace, useWorkspaceChoice } from './workspace';

/** The workspace, what can be found in it, and the person. */
export function Rail({ onGo }: { onGo?: () => void }) {
  const workspace = useWorkspace();
  const show = useOverlay((state) => state.show);
  const { folded, fold } = useFold();
  const isOfRuns = useRouterState({ select: ({ location }) => /^\/(runs|compare)(\/|$)/.test(location.pathname) });
  const projects = useQuery({ ...projectsQuery({ workspace: workspace?.id }), enabled: workspace !== undefined });
  return (
    <nav className="rail" aria-label={t('Workspace')} onClick={(event) => { if ((event.target as Element).closest('a')) onGo?.(); }}>
      <Brand />
      <WorkspaceSwitch />
      <button type="button" className="at" title={t('Find or do')} onClick={() => show('palette')}>
        <Icon name="search" /><span className="t">{t('Find or do')}</span><span className="n wide"><kbd>{MOD} K</kbd></span>
      </button>
      <h2>{t('Data')}</h2>
      <Link to="/projects" className="at" activeOptions={{ exact: false }} title={t('Projects')}>
        <Icon name="label" /><span className="t">{t('Projects')}</span><span className="n">{projects.data ? count(projects.data.count) : ''}</span>
      </Link>
      {workspace && may(workspace, 'export') && <Link to="/repos" className="at" title={t('Repos')}><Icon name="repo" /><span className="t">{t('Repos')}</span></Link>}
      {workspace && may(workspace, 'export') && <h2>{t('Models')}</h2>}
      {workspace && may(workspace, 'export') && <Link to="/experiments" className={isOfRuns ? 'at on' : 'at'} title={t('Experiments')}><Icon name="chart" /><span className="t">{t('Experiments')}</span></Link>}
      {workspace && may(workspace, 'export') && <Link to="/models" className="at" title={t('Models')}><Icon name="model" /><span className="t">{t('Models')}</span></Link>}
      <h2>{t('Work@@the heading of the menu')}</h2>
      <Link to="/jobs" className="at" title={t('Jobs')}><Icon name="clock" /><span className="t">{t('Jobs')}</span><RunningJobs /></Link>
      {workspace && <Link to="/members" className="at" title={t('Members')}><Icon name="people" /><span className="t">{t('Members')}</span></Link>}
      <Administration workspace={workspace} />
      <span className="grow" />
      <Link to="/account" className="at" title={t('Settings')}><Icon name="gear" /><span className="t">{t('Settings')}</span></Link>
      <div className="rail-foot">
        <PersonMenu />
        {!onGo && <button type="button" className="btn ghost icon fold" aria-label={folded ? t('Unfold the menu') : t('Fold the menu')} title={folded ? t('Unfold the menu') : t('Fold the menu')} aria-expanded={!folded} onClick={() => fold(!folded)}><Icon name="fold" /></button>}
      </div>
    </nav>
  );
}

/** Whose installation this is, where it has a name or a logo of its own. */
function Brand() {
  const [logo, name] = [logoAddress(), productName()];
  if (!hasAppearance()) return null;
  return <div className="brand" title={name}>{logo && <img src={address(logo)} alt="" />}<span className="t cut">{name}</span></div>;
}

/** How many jobs run, where there are any. */
function RunningJobs() {
  const running = useQuery(runningJobsQuery).data ?? 0;
  return <span className="n" role="status">{running > 0 ? plural(running, '{n} running', '{n} running') : ''}</span>;
}

/** What only those see who run the workspace or the installation. */
function Administration({ workspace }: { workspace: Workspace | undefined }) {
  const admin = useSuspenseQuery(sessionQuery).data.user?.is_admin ?? false;
  const manages = may(workspace, 'manage');
  if (!admin && !manages) return null;
  return (
    <>
      <h2>{t('Administration')}</h2>
      {admin && <Link to="/admin" className="at" title={t('People, workspaces and tokens')} activeOptions={{ exact: false }}><Icon name="person" /><span className="t">{t('Organisation')}</span></Link>}
      <Link to="/audit-log" className="at" title={t('Audit log')}><Icon name="log" /><span className="t">{t('Audit log')}</span></Link>
      {manages && <Link to="/deleted" className="at" title={t('Deleted projects')}><Icon name="trash" /><span className="t">{t('Deleted projects')}</span></Link>}
    </>
  );
}

function WorkspaceSwitch() {
  const { user, workspaces } = useSuspenseQuery(sessionQuery).data;
  const workspace = useWorkspace();
  const choose = useWorkspaceChoice((state) => state.choose);
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  return (
    <>
      <MenuTrigger>
        <Button className="ws">
          <Avatar square seed={workspace?.name ?? ''} initials={(workspace?.title ?? '?').slice(0, 1).toUpperCase()} />
          <span className="t cut"><span className="unseen">{t('Workspace')} </span>{workspace?.title ?? t('none yet')}</span><Icon name="updown" />
        </Button>
        <Popover placement="bottom start" className="menu">
          <Menu aria-label={t('Workspaces')} selectionMode="none" style={{ outline: 'none' }} onAction={(key) => {
            if (key === 'new') setMaking(true);
            else {
              choose(Number(key));
              void navigate({ to: '/projects' });
            }
          }}>
            {workspaces.map((each) => (
              <MenuItem key={each.id} id={each.id} textValue={each.title}>
                <Avatar square seed={each.name} initials={each.title.slice(0, 1).toUpperCase()} />
                <span className="grow cut">{each.title}<span className="muted small" style={{ display: 'block' }}>{ROLE_WORDS[each.role as Role]?.name.toLowerCase() ?? each.role}</span></span>
                {each.id === workspace?.id && <Icon name="check" />}
              </MenuItem>
            ))}
            {user?.is_admin && <Separator />}
            {user?.is_admin && <MenuItem id="new"><Icon name="plus" />{t('New workspace…')}</MenuItem>}
          </Menu>
        </Popover>
      </MenuTrigger>
      {making && <NewWorkspace onClose={() => setMaking(false)} />}
    </>
  );
}

function PersonMenu() {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const { theme, setTheme } = useTheme();
  const show = useOverlay((state) => state.show);
  const navigate = useNavigate();
  if (!user) return null;
  const leave = async () => {
    await signOut();
    location.assign(address('user/login')); // a new page keeps nothing of this person in memory
  };
  return (
    <MenuTrigger>
      <Button className="at">
        <Avatar seed={user.email} initials={initialsOf(user)} picture={user.avatar} /><span className="t cut">{nameOf(user)}</span>
      </Button>
      <Popover placement="top start" className="menu">
        <div className="head">{user.email}</div>
        <Menu aria-label={t('You')} style={{ outline: 'none' }} onAction={(key) => {
          if (key === 'account') void navigate({ to: '/account' });
          else if (key === 'keys') show('keys');
          else if (key === 'out') void leave();
          else setTheme(theme === 'dark' ? 'light' : 'dark');
        }}>
          <MenuItem id="account"><Icon name="person" />{t('Account and tokens')}</MenuItem>
          <MenuItem id="theme"><Icon name={theme === 'dark' ? 'sun' : 'moon'} />{theme === 'dark' ? t('Light theme') : t('Dark theme')}</MenuItem>
          <MenuItem id="keys" textValue={t('Keys')}><Icon name="keyboard" />{t('Keys')}<kbd>?</kbd></MenuItem>
          <Separator />
          <MenuItem id="out"><Icon name="out" />{t('Sign out')}</MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
