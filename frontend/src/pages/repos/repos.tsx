import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Repo, reposQuery } from '../../api/repos';
import { nameOf } from '../../api/session';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { useWish } from '../../app/wish';
import { may, useWorkspace } from '../../app/workspace';
import { ago, bytes, count, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { DeletedRepos } from './deleted-repos';
import { NewRepo } from './new-repo';
import { shortId } from './names';
import './repos.css';

/** What data is there, and when did it last change? */
export function Repos() {
  const workspace = useWorkspace();
  const repos = useQuery({ ...reposQuery(workspace?.id), enabled: workspace !== undefined });
  const makes = may(workspace, 'edit');
  const [making, setMaking] = useState(false);
  useKeys(makes ? { r: () => setMaking(true) } : {});
  useWish('new-repo', () => setMaking(makes));
  const found = repos.data ?? [];
  return (
    <>
      <Top title="Repos">
        {found.length > 0 && <span className="muted wide">{counted(found.length, 'repo')}</span>}
        <span className="grow" />
        <DeletedRepos workspace={workspace} />
        {makes && found.length > 0 && <Tip text="New repo" keys="R"><button type="button" className="btn primary" onClick={() => setMaking(true)}><Icon name="plus" />New repo</button></Tip>}
      </Top>
      <div className="table-scroll">
        {repos.isPending && workspace && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {repos.isError && <Failure error={repos.error} retry={() => void repos.refetch()} what="The list of repos" />}
        {(repos.isSuccess || !workspace) && found.length === 0 && <FirstRepo makes={makes} onMake={() => setMaking(true)} />}
        {found.length > 0 && <RepoTable repos={found} />}
      </div>
      {making && workspace && <NewRepo workspace={workspace} onClose={() => setMaking(false)} />}
    </>
  );
}

const FirstRepo = ({ makes, onMake }: { makes: boolean; onMake: () => void }) => (
  <Empty
    art={<RepoArt />} title={makes ? 'Keep your data in a repo' : 'No repos yet'}
    acts={makes && <button type="button" className="btn primary large" onClick={onMake}><Icon name="plus" />New repo</button>}
  >
    {makes
      ? 'A repo keeps every version of your files: pictures to label, and the labels themselves. Nothing that was committed is ever lost, and each label knows the version it was drawn on.'
      : 'Nothing is kept in this workspace yet. An editor of it can make a repo.'}
  </Empty>
);

/** A line of commits and a branch that comes back to it. */
const RepoArt = () => (
  <svg viewBox="0 0 160 84" width="160" height="84" fill="none" aria-hidden="true" strokeWidth="1.6">
    <path d="M14 58h132" stroke="var(--line-strong)" /><path d="M46 58c16 0 14-34 30-34h16c16 0 14 34 30 34" stroke="var(--accent)" />
    {[14, 46, 80, 122, 146].map((x) => <circle key={x} cx={x} cy="58" r="6" fill="var(--surface)" stroke="var(--line-strong)" />)}
    {[76, 94].map((x) => <circle key={x} cx={x} cy="24" r="6" fill="var(--surface)" stroke="var(--accent)" />)}
  </svg>
);

const RepoTable = ({ repos }: { repos: readonly Repo[] }) => (
  <table className="table repo-table">
    <thead><tr><th>Repo</th><th className="num">Files</th><th className="num wide">Size</th><th className="wide">Newest commit</th><th className="num">When</th></tr></thead>
    <tbody>
      {repos.map((repo) => (
        <tr key={repo.id}>
          <td className="main"><span className="repo-name"><Link className="b cut hit" to="/repos/$repoId" params={{ repoId: String(repo.id) }}>{repo.name}</Link>{repo.description && <span className="muted small cut">{repo.description}</span>}</span></td>
          <td className="num">{count(repo.files)}</td>
          <td className="num wide two">{bytes(repo.size_bytes)}</td>
          <td className="wide"><Newest repo={repo} /></td>
          <td className="num muted" title={repo.head?.finished_at ? moment(repo.head.finished_at) : undefined}>{repo.head?.finished_at ? ago(repo.head.finished_at) : '–'}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

const Newest = ({ repo: { id, head } }: { repo: Repo }) => (head ? (
  <span className="repo-name">
    <Link className="cut hit" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(id), commitId: head.id }}>{head.message || 'No message'}</Link>
    <span className="muted small cut">{[head.branch, shortId(head.id), head.author && nameOf(head.author)].filter(Boolean).join(' · ')}</span>
  </span>
) : <span className="muted">No commit yet</span>);
