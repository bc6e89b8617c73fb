import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { address } from '../api/base';
import { projectsQuery } from '../api/projects';
import { reposQuery } from '../api/repos';
import { sessionQuery } from '../api/session';
import { Icon, type IconName } from '../ui/icon';
import { useOverlay } from './overlay';
import { useTheme } from './theme';
import { type Act, may, useWorkspace } from './workspace';

interface Command {
  id: string;
  title: string;
  icon: IconName;
  kind: string;
  keys?: string;
  /** What the person must be allowed; nothing for what everybody may. */
  needs?: Act;
  run: () => void;
}

/** Whether every typed word begins a word of the title (or stands in it, when long enough). */
export function matches(title: string, typed: string): boolean {
  const name = title.toLowerCase();
  return typed.toLowerCase().split(/\s+/).filter(Boolean).every((word) => (word.length > 2 ? name.includes(word) : name.split(/[\s-]+/).some((part) => part.startsWith(word))));
}

/** Find anything, do anything. */
export function Palette() {
  const show = useOverlay((state) => state.show);
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const acts = useActs(typed);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const chosen = Math.min(at, acts.length - 1);
  useEffect(() => { void list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' }); }, [chosen]); // it answers a promise in new browsers
  const run = (act: Command | undefined) => {
    if (!act) return;
    show(null);
    act.run();
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt((chosen + 1) % acts.length);
    else if (event.key === 'ArrowUp') setAt((chosen - 1 + acts.length) % acts.length);
    else if (event.key === 'Enter') run(acts[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <ModalOverlay className="veil palette-veil" isOpen isDismissable onOpenChange={(open) => { if (!open) show(null); }}>
      <Modal className="dialog find">
        <Dialog aria-label="Find or do">
          <div className="search">
            <Icon name="search" />
            <input
              className="input" role="combobox" aria-expanded="true" aria-controls={`${id}-list`} aria-activedescendant={acts[chosen] ? `${id}-${chosen}` : undefined} aria-label="Find or do"
              placeholder="Find a project or repo, or do something" autoFocus value={typed} onChange={(event) => { setTyped(event.target.value); setAt(0); }} onKeyDown={onKey}
            />
          </div>
          <ul role="listbox" id={`${id}-list`} aria-label="What fits" ref={list}>
            {acts.map((act, index) => (
              <li key={act.id} id={`${id}-${index}`} role="option" aria-selected={index === chosen} className={index === chosen ? 'on' : ''} onPointerMove={() => setAt(index)} onClick={() => run(act)}>
                <Icon name={act.icon} /><span className="grow cut">{act.title}</span>{act.keys ? <kbd>{act.keys}</kbd> : <span className="muted small">{act.kind}</span>}
              </li>
            ))}
          </ul>
          {acts.length === 0 && <p className="two none">Nothing is called “{typed}”.</p>}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function useActs(typed: string): Command[] {
  const navigate = useNavigate();
  const workspace = useWorkspace();
  const admin = useSuspenseQuery(sessionQuery).data.user?.is_admin ?? false;
  const { theme, setTheme } = useTheme();
  const show = useOverlay((state) => state.show);
  const project = Number(useParams({ strict: false }).projectId) || undefined;
  const search = useDeferredValue(typed.trim());
  const found = useQuery({ ...projectsQuery({ workspace: workspace?.id, search: search || undefined }), placeholderData: (before) => before });
  const repos = useQuery({ ...reposQuery(workspace?.id), enabled: workspace !== undefined && may(workspace, 'export') }).data;
  return useMemo(() => {
    const task = /^(?:task )?#?(\d+)$/i.exec(typed.trim())?.[1];
    const here: Command[] = project === undefined ? [] : [
      ...(task ? [{ id: 'task', title: `Open task ${task}`, icon: 'picture' as const, kind: 'task', run: () => location.assign(address(`projects/${project}/label?task=${task}`)) }] : []),
      { id: 'next', title: 'Label the next task', icon: 'label', kind: 'do', keys: 'L', needs: 'label', run: () => location.assign(address(`projects/${project}/label`)) },
      { id: 'tasks', title: 'Tasks of this project', icon: 'rows', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project) } }) },
      { id: 'import', title: 'Import into this project', icon: 'upload', kind: 'do', keys: 'I', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project) }, search: { open: 'import' } }) },
      { id: 'export', title: 'Export this project', icon: 'download', kind: 'do', keys: 'E', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(project) }, search: { open: 'export' } }) },
      { id: 'progress', title: 'Progress of this project', icon: 'chart', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/progress', params: { projectId: String(project) } }) },
      { id: 'project-members', title: 'Members of this project', icon: 'people', kind: 'page', run: () => void navigate({ to: '/projects/$projectId/members', params: { projectId: String(project) } }) },
      { id: 'storages', title: 'Sources and targets of this project', icon: 'store', kind: 'page', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/storages', params: { projectId: String(project) } }) },
      { id: 'versions', title: 'Versions of this project', icon: 'clock', kind: 'page', needs: 'export', run: () => void navigate({ to: '/projects/$projectId/versions', params: { projectId: String(project) } }) },
      { id: 'project-jobs', title: 'Jobs of this project', icon: 'clock', kind: 'page', run: () => void navigate({ to: '/jobs', search: { project } }) },
      { id: 'settings', title: 'Settings of this project', icon: 'gear', kind: 'page', needs: 'edit', run: () => void navigate({ to: '/projects/$projectId/settings', params: { projectId: String(project) } }) },
    ];
    const everywhere: Command[] = [
      { id: 'projects', title: 'Projects', icon: 'label', kind: 'page', run: () => void navigate({ to: '/projects' }) },
      { id: 'new', title: 'New project', icon: 'plus', kind: 'do', keys: 'N', needs: 'edit', run: () => void navigate({ to: '/projects/new' }) },
      { id: 'repos', title: 'Repos', icon: 'repo', kind: 'page', needs: 'export', run: () => void navigate({ to: '/repos' }) },
      { id: 'jobs', title: 'Jobs', icon: 'clock', kind: 'page', run: () => void navigate({ to: '/jobs' }) },
      { id: 'members', title: 'Members of this workspace', icon: 'people', kind: 'page', run: () => void navigate({ to: '/members' }) },
      { id: 'audit', title: 'Audit log', icon: 'log', kind: 'page', needs: 'manage', run: () => void navigate({ to: '/audit-log' }) },
      { id: 'deleted', title: 'Deleted projects', icon: 'trash', kind: 'page', needs: 'manage', run: () => void navigate({ to: '/deleted' }) },
      ...(admin ? [{ id: 'people', title: 'People of the organisation', icon: 'person' as const, kind: 'page', run: () => void navigate({ to: '/people' }) }] : []),
      { id: 'account', title: 'Account and tokens', icon: 'person', kind: 'page', run: () => void navigate({ to: '/account' }) },
      { id: 'theme', title: theme === 'dark' ? 'Light theme' : 'Dark theme', icon: theme === 'dark' ? 'sun' : 'moon', kind: 'do', run: () => setTheme(theme === 'dark' ? 'light' : 'dark') },
      { id: 'keys', title: 'Keys', icon: 'keyboard', kind: 'do', keys: '?', run: () => show('keys') },
    ];
    const projects: Command[] = (found.data?.results ?? []).slice(0, 20).map((each) => ({
      id: `project-${each.id}`, title: each.title, icon: 'label', kind: 'project',
      run: () => void navigate({ to: '/projects/$projectId/data', params: { projectId: String(each.id) } }),
    }));
    const repoList: Command[] = (repos ?? []).slice(0, 20).map((each) => ({
      id: `repo-${each.id}`, title: each.name, icon: 'repo', kind: 'repo', run: () => void navigate({ to: '/repos/$repoId', params: { repoId: String(each.id) } }),
    }));
    const allowed = ({ needs }: Command) => needs === undefined || may(workspace, needs);
    if (typed.trim() === '') return [...here, ...projects.slice(0, 6), ...everywhere].filter(allowed);
    return [...projects, ...repoList, ...here, ...everywhere].filter(allowed).filter(({ id, title }) => id === 'task' || matches(title, typed));
  }, [typed, project, found.data, repos, theme, workspace, admin, navigate, setTheme, show]);
}
