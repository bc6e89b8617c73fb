import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useParams, useRouterState, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { address } from '../../api/addresses';
import { projectQuery } from '../../api/projects';
import type { Project } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may, useRoleIn, useWorkspaceChoice } from '../../app/workspace';
import { language, t } from '../../i18n/words';
import { count } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Meter, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { useTopSlot } from './top-slot';
import './project.css';

const ImportDialog = lazy(() => import('../import/import-dialog').then((module) => ({ default: module.ImportDialog })));
const ExportDialog = lazy(() => import('../export/export-dialog').then((module) => ({ default: module.ExportDialog })));

/** What every page of a project shares: its name, how far it is, and the next thing to do. */
export function ProjectFrame() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id));
  const role = useRoleIn(id);
  const makes = may(role, 'edit');
  const page = usePage();
  const workspace = project.data?.workspace;
  const choose = useWorkspaceChoice((state) => state.choose);
  useEffect(() => { if (workspace !== undefined) choose(workspace); }, [workspace, choose]);
  if (project.isError) return <><Top crumb={<Link to="/projects" className="crumb">{t('Projects')}</Link>} title={t('Project')} /><Failure error={project.error} retry={() => void project.refetch()} what={t('The project')} acts={<Link to="/projects" className="btn">{t('To the projects')}</Link>} /></>;
  return (
    <>
      <ProjectTop id={id} project={project.data} />
      <nav className="tabs" lang={language} aria-label={t('Project')}>
        <Link to="/projects/$projectId/data" params={{ projectId: String(id) }} activeOptions={{ includeSearch: false }}>{t('Tasks')}</Link>
        <Link to="/projects/$projectId/progress" params={{ projectId: String(id) }}>{t('Progress')}</Link>
        {may(role, 'export') && <Link to="/projects/$projectId/learning" params={{ projectId: String(id) }} activeOptions={{ includeSearch: false }}>{t('Learning')}</Link>}
        {may(role, 'export') && <Link to="/projects/$projectId/storages" params={{ projectId: String(id) }} className={page === PAGES['versions'] ? 'on' : ''}>{t('Data@@sources and targets of a project')}</Link>}
        <Link to="/projects/$projectId/members" params={{ projectId: String(id) }}>{t('Members')}</Link>
        {makes && <Link to="/projects/$projectId/settings" params={{ projectId: String(id) }}>{t('Settings')}</Link>}
      </nav>
      {project.data ? <Outlet /> : <div className="scroll"><Skeleton width="40%" height={20} /></div>}
    </>
  );
}

/** What the browser's tab calls each page of a project, by the end of its address. */
const PAGES: Record<string, string> = { data: t('Tasks'), progress: t('Progress'), learning: t('Learning'), storages: t('Data@@sources and targets of a project'), versions: t('Versions'), members: t('Members'), settings: t('Settings') };

const usePage = (): string => useRouterState({ select: (state) => PAGES[state.location.pathname.split('/').at(-1) ?? ''] ?? '' });

function ProjectTop({ id, project }: { id: number; project: Project | undefined }) {
  const [open, setOpen] = useState<'import' | 'export' | null>(null);
  const wished = useWishedDialog(id);
  const { view } = useSearch({ strict: false });
  const role = useRoleIn(id);
  const page = usePage();
  const total = project?.task_number ?? 0;
  const [makes, labels, exports] = [may(role, 'edit'), may(role, 'label'), may(role, 'export') && total > 0];
  const done = project?.finished_task_number ?? 0;
  const due = project?.queue_total ?? total;
  const dialog = wished.open ?? open;
  const close = () => { setOpen(null); wished.forget(); };
  useKeys({
    ...(labels ? { l: () => location.assign(address(`projects/${id}/label`)) } : {}),
    ...(makes ? { i: () => setOpen('import') } : {}),
    ...(exports ? { e: () => setOpen('export') } : {}),
  });
  return (
    <>
      <Top crumb={<Link to="/projects" className="crumb">{t('Projects')}</Link>} lang={language} title={project?.title ?? ' '} tab={[page, project?.title ?? '']}>
        <span className="grow" />
        {total > 0 && (
          <span className="row wide muted" title={t('{done} of {due} tasks are labelled', { done: count(done), due: count(due) })}>
            <span className="top-meter"><Meter share={due > 0 ? done / due : 1} wide tone={done === due ? 'good' : ''} /></span>{t('{done} of {due}', { done: count(done), due: count(due) })}
          </span>
        )}
        {page === PAGES['learning'] ? <ActsOfPage /> : (
          <>
            {makes && <Tip text={t('Add tasks')} keys="I"><button type="button" className="btn wide" onClick={() => setOpen('import')}>{t('Import')}</button></Tip>}
            {exports && <Tip text={t('Download annotations')} keys="E"><button type="button" className="btn wide" onClick={() => setOpen('export')}>{t('Export')}</button></Tip>}
            <MoreMenu makes={makes && total > 0} exports={exports} onOpen={setOpen} />
            {total > 0
              ? labels && <a className="btn primary" href={address(`projects/${id}/label`)}>{t('Label next')} <kbd className="wide">L</kbd></a>
              : project && makes && <button type="button" className="btn primary slim" onClick={() => setOpen('import')}>{t('Import')}</button>}
          </>
        )}
      </Top>
      <Suspense fallback={null}>
        {project && dialog === 'import' && <ImportDialog project={project} onClose={close} />}
        {project && dialog === 'export' && <ExportDialog project={project} openView={view} onClose={close} />}
      </Suspense>
    </>
  );
}

/** Where a page puts acts of its own, being about something else than the tasks. */
const ActsOfPage = () => <span ref={useTopSlot((state) => state.put)} className="row" />;

/** Import and export where there is no room for their buttons. */
const MoreMenu = ({ makes, exports, onOpen }: { makes: boolean; exports: boolean; onOpen: (dialog: 'import' | 'export') => void }) => (!makes && !exports ? null : (
  <MenuTrigger>
    <Button className="btn icon slim" aria-label={t('More')}><Icon name="dots" /></Button>
    <Popover placement="bottom end" className="menu">
      <Menu aria-label={t('More')} style={{ outline: 'none' }} onAction={(key) => onOpen(key as 'import' | 'export')}>
        {makes ? <MenuItem id="import"><Icon name="upload" />{t('Import')}</MenuItem> : null}
        {exports ? <MenuItem id="export"><Icon name="download" />{t('Export')}</MenuItem> : null}
      </Menu>
    </Popover>
  </MenuTrigger>
));

/** The dialog that the address asks for (`?open=import`), forgotten once it was closed. */
function useWishedDialog(id: number) {
  const navigate = useNavigate();
  const { open: wish } = useSearch({ strict: false });
  return {
    open: wish ?? null,
    forget: () => {
      if (wish) void navigate({ to: '/projects/$projectId/data', params: { projectId: String(id) }, search: ({ open: _, ...rest }) => rest, replace: true });
    },
  };
}
