import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type Commit, commitsQuery, type Repo } from '../../api/repos';
import { nameOf } from '../../api/session';
import type { RepoSearch } from '../../app/router';
import { ago, count, counted, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { tidy, useRepo, useRepoRef } from './files';
import { shortId } from './names';
import { RefPicker } from './ref-picker';

/** What changed, when, and by whom? */
export function Commits() {
  const { repo } = useRepo();
  return repo ? <CommitLog repo={repo} /> : null;
}

function CommitLog({ repo }: { repo: Repo }) {
  const { ref, isEmpty, isKnown } = useRepoRef(repo);
  const { path } = useSearch({ strict: false }) as RepoSearch;
  const navigate = useNavigate();
  const commits = useInfiniteQuery({ ...commitsQuery(repo.id, ref, path), enabled: !isEmpty && isKnown });
  const found = commits.data?.pages.flatMap((page) => page.results) ?? [];
  const go = (change: RepoSearch) => void navigate({ to: '/repos/$repoId/commits', params: { repoId: String(repo.id) }, search: (before: RepoSearch) => tidy({ ...before, ...change }) });
  return (
    <>
      {(!isEmpty || repo.branches > 1) && (
        <div className="tools">
          <RefPicker repo={repo.id} at={ref} onPick={(picked) => go({ ref: picked })} />
          {path && <button type="button" className="chip" onClick={() => go({ path: undefined })}>Of <b className="cut">{path}</b><Icon name="close" /><span className="unseen">Show all commits</span></button>}
        </div>
      )}
      <div className="table-scroll">
        {!isEmpty && commits.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
        {commits.isError && <Failure error={commits.error} retry={() => void commits.refetch()} what={`The commits of ${ref}`} />}
        {(isEmpty || (commits.isSuccess && found.length === 0)) && <Empty art={<Icon name="commit" size={28} />} title={path ? `No commit here changed ${path}` : 'No commits yet'} acts={path ? <button type="button" className="btn" onClick={() => go({ path: undefined })}>Show all commits</button> : <Link className="btn" to="/repos/$repoId" params={{ repoId: String(repo.id) }}>To the files</Link>}>{!path && 'Every change of the files stands here, with who made it and why.'}</Empty>}
        {found.length > 0 && <CommitTable repo={repo} commits={found} />}
        {commits.hasNextPage && <div className="more"><button type="button" className="btn" disabled={commits.isFetchingNextPage} onClick={() => void commits.fetchNextPage()}>Show older ones</button></div>}
      </div>
    </>
  );
}

const CommitTable = ({ repo, commits }: { repo: Repo; commits: readonly Commit[] }) => (
  <table className="table commit-table">
    <thead><tr><th>Commit</th><th className="wide">By</th><th className="num wide">Files</th><th className="num">When</th></tr></thead>
    <tbody>
      {commits.map((commit) => (
        <tr key={commit.id}>
          <td className="main">
            <span className="commit-line"><Link className="commit-said" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: commit.id }}><span className="cut">{firstLine(commit)}</span></Link>{commit.tags.map((tag) => <Pill key={tag} tone="accent"><Icon name="tag" size={12} />{tag}</Pill>)}{commit.parents.length > 1 && <Pill>merge</Pill>}</span>
            <span className="muted small commit-line"><span className="mono">{shortId(commit.id)}</span>{commit.provenance.length > 0 && <span className="cut">from {commit.provenance.map((each) => each.repo_name ?? 'elsewhere').join(', ')}</span>}<span className="slim cut">{authorOfCommit(commit)}</span></span>
          </td>
          <td className="wide two"><span className="cut">{authorOfCommit(commit)}</span></td>
          <td className="num wide two">{count(commit.file_count)}</td>
          <td className="num muted" title={moment(commit.finished_at ?? commit.created_at)}>{ago(commit.finished_at ?? commit.created_at)}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

export const firstLine = (commit: Pick<Commit, 'message'>): string => commit.message.split('\n')[0] || 'No message';
export const authorOfCommit = (commit: Commit): string => (commit.author ? nameOf(commit.author) : 'Treadle itself');
export const filesOfCommit = (commit: Commit): string => counted(commit.file_count, 'file');
