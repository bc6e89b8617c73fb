import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { repoQuery } from '../../api/repos';
import { Top } from '../../app/top';
import { useWorkspaceChoice } from '../../app/workspace';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Skeleton } from '../../ui/parts';
import { RepoMenu } from './repo-menu';
import './repos.css';

/** What the browser's tab calls each page of a repo. */
const PAGES: Record<string, string> = { commits: 'Commits', branches: 'Branches and tags' };

/** What every page of a repo shares: its name, what it holds, and the ways into it. */
export function RepoFrame() {
  const { repoId } = useParams({ from: '/inside/repos/$repoId' });
  const id = Number(repoId);
  const repo = useQuery(repoQuery(id));
  const page = useRouterState({ select: (state) => PAGES[state.location.pathname.split('/')[3] ?? ''] ?? 'Files' });
  const workspace = repo.data?.workspace.id;
  const choose = useWorkspaceChoice((state) => state.choose);
  useEffect(() => { if (workspace !== undefined) choose(workspace); }, [workspace, choose]);
  const crumb = <Link to="/repos" className="crumb">Repos</Link>;
  if (repo.isError) return <><Top crumb={crumb} title="Repo" /><Failure error={repo.error} retry={() => void repo.refetch()} what="The repo" acts={<Link to="/repos" className="btn">To the repos</Link>} /></>;
  return (
    <>
      <Top crumb={crumb} title={repo.data?.name ?? ' '} tab={[page, repo.data?.name ?? '']}>
        {repo.data && <span className="muted wide">{counted(repo.data.files, 'file')} · {bytes(repo.data.size_bytes)}</span>}
        <span className="grow" />
        {repo.data?.head && <Link className="btn wide" to="/lineage" search={{ node: `commit:${repo.data.head.id}` }}><Icon name="flow" />Lineage</Link>}
        {repo.data && <RepoMenu repo={repo.data} />}
      </Top>
      <nav className="tabs" aria-label="Repo">
        <Link to="/repos/$repoId" params={{ repoId }} activeOptions={{ exact: true, includeSearch: false }}>Files</Link>
        <Link to="/repos/$repoId/commits" params={{ repoId }} activeOptions={{ includeSearch: false }}>Commits</Link>
        <Link to="/repos/$repoId/branches" params={{ repoId }}>Branches and tags</Link>
      </nav>
      {repo.data ? <Outlet /> : <div className="scroll"><Skeleton width="40%" height={20} /></div>}
    </>
  );
}
