import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { get } from '../../api/client';
import { PROJECTS_A_PAGE } from '../../api/projects';
import type { Paged, Project, Workspace } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { may, useWorkspace } from '../../app/workspace';
import { plural, t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { LabelArt } from './label-art';
import { ProjectCard } from './project-card';
import './projects.css';

/** What needs me? */
export function Projects() {
  const workspace = useWorkspace();
  const makes = may(workspace, 'edit');
  const [typed, setTyped] = useState(useSearch({ from: '/inside/projects' }).search ?? '');
  const search = useDeferredValue(typed.trim());
  const projects = useProjects(workspace, search);
  useKeys({ '/': () => document.getElementById('project-search')?.focus() });
  const found = projects.data?.pages.flatMap((page) => page.results) ?? [];
  const total = projects.data?.pages[0]?.count ?? 0;
  const nothingYet = projects.isSuccess && total === 0 && search === '';
  return (
    <>
      <Top title={t('Projects')}>
        {total > 0 && <span className="muted wide">{plural(total, '{n} project', '{n} projects')}</span>}
        <span className="grow" />
        {!nothingYet && <Finder typed={typed} onType={setTyped} />}
        {makes && !nothingYet && <Link to="/projects/new" className="btn primary"><Icon name="plus" />{t('New project')}</Link>}
      </Top>
      <div className="scroll">
        {projects.isPending && <Waiting />}
        {projects.isError && <Failure error={projects.error} retry={() => void projects.refetch()} what={t('The list of projects')} />}
        {nothingYet && <FirstProject makes={makes} workspace={workspace} />}
        {projects.isSuccess && total === 0 && search !== '' && <Empty title={t('No project is called “{search}”', { search })} acts={<button type="button" className="btn" onClick={() => setTyped('')}>{t('Show all projects')}</button>} />}
        {found.length > 0 && <ul className="cards">{found.map((project) => <ProjectCard key={project.id} project={project} />)}</ul>}
        {projects.hasNextPage && <div className="more"><button type="button" className="btn" onClick={() => void projects.fetchNextPage()} disabled={projects.isFetchingNextPage}>{t('Show more')}</button></div>}
      </div>
    </>
  );
}

function useProjects(workspace: Workspace | undefined, search: string) {
  return useInfiniteQuery({
    queryKey: ['projects', 'pages', { workspace: workspace?.id, search }],
    queryFn: ({ pageParam, signal }) => get<Paged<Project>>('api/projects/', { workspace: workspace?.id, search: search || undefined, page: pageParam, page_size: PROJECTS_A_PAGE }, signal),
    initialPageParam: 1,
    getNextPageParam: (last, pages) => (last.next ? pages.length + 1 : undefined),
    placeholderData: (before) => before,
  });
}

function Finder({ typed, onType }: { typed: string; onType: (typed: string) => void }) {
  const navigate = useNavigate();
  return (
    <div className="search finder wide">
      <Icon name="search" />
      <input
        id="project-search" className="input" type="search" aria-label={t('Find a project')} placeholder={t('Find a project')} value={typed}
        onChange={(event) => onType(event.target.value)}
        onBlur={() => void navigate({ to: '/projects', search: typed ? { search: typed } : {}, replace: true })}
      />
    </div>
  );
}

const FirstProject = ({ makes, workspace }: { makes: boolean; workspace: Workspace | undefined }) => (
  <Empty
    art={<LabelArt />}
    title={makes ? t('Start your first project') : t('No projects yet')}
    acts={makes && <Link to="/projects/new" className="btn primary large"><Icon name="plus" />{t('New project')}</Link>}
  >
    {makes
      ? t('Drop pictures or texts, choose how to label them, and draw the first label within a minute.')
      : workspace ? t('Nothing is in {title} for you yet. Whoever manages it can make a project.', { title: workspace.title }) : t('You belong to no workspace yet. Ask whoever manages one to invite you.')}
  </Empty>
);

const Waiting = () => (
  <ul className="cards" aria-label={t('Loading projects')} aria-busy="true">
    {[0, 1, 2, 3].map((each) => (
      <li key={each} className="project-card skeleton">
        <Skeleton width="100%" height={96} /><Skeleton width="60%" height={14} /><Skeleton width="85%" /><Skeleton width="40%" />
      </li>
    ))}
  </ul>
);
