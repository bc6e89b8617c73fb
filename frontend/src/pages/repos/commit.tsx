import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { type Commit, commitQuery, diffQuery, type Repo, revertCommit } from '../../api/repos';
import { Who } from '../../ui/who';
import { Confirm } from '../../ui/dialog';
import { ago, bytes, count, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ChangeView } from './change-view';
import { authorOfCommit, filesOfCommit, firstLine } from './commits';
import { useRepo } from './files';
import { shortId } from './names';
import { CompareDialog, NewTag } from './refs-dialogs';

/** What did this commit change, and what came of it? */
export function CommitPage() {
  const { repo } = useRepo();
  const { commitId } = useParams({ from: '/inside/repos/$repoId/commits/$commitId' });
  const { from } = useSearch({ from: '/inside/repos/$repoId/commits/$commitId' });
  const commit = useQuery({ ...commitQuery(repo?.id ?? 0, commitId), enabled: repo !== undefined });
  if (!repo) return null;
  if (commit.isError) return <Failure error={commit.error} retry={() => void commit.refetch()} what="The commit" acts={<Link className="btn" to="/repos/$repoId/commits" params={{ repoId: String(repo.id) }}>All commits</Link>} />;
  if (!commit.data) return <div className="commit-head"><Skeleton width="40%" height={18} /><Skeleton width="60%" /></div>;
  return (
    <div className="table-scroll">
      <CommitHead repo={repo} commit={commit.data} />
      <Changes key={`${commit.data.id} ${from ?? ''}`} repo={repo} to={commit.data} from={from} />
    </div>
  );
}

function CommitHead({ repo, commit }: { repo: Repo; commit: Commit }) {
  const [open, setOpen] = useState<'tag' | 'revert' | 'compare' | null>(null);
  const navigate = useNavigate();
  const repoId = String(repo.id);
  const compare = (from: string | undefined) => void navigate({ to: '/repos/$repoId/commits/$commitId', params: { repoId, commitId: commit.id }, search: from ? { from } : {} });
  const when = commit.finished_at ?? commit.created_at;
  return (
    <section className="commit-head" aria-labelledby="commit">
      <div className="row wrap">
        <h2 id="commit" className="grow">{commit.message || 'No message'}</h2>
        {commit.state !== 'finished' && <Pill tone="warn">not committed yet</Pill>}
        {commit.tags.map((tag) => <Pill key={tag} tone="accent"><Icon name="tag" size={12} />{tag}</Pill>)}
      </div>
      <div className="facts-line">
        {commit.author ? <Who person={commit.author} /> : <span>{authorOfCommit(commit)}</span>}
        <span title={moment(when)}>{ago(when) === 'now' ? 'just now' : `${ago(when)} ago`}</span>
        <span className="mono" title={commit.id}>{shortId(commit.id)}</span>
        {commit.parents.map((parent, at) => <span key={parent}>{at === 0 ? 'after ' : 'and '}<Link className="link mono" to="/repos/$repoId/commits/$commitId" params={{ repoId, commitId: parent }}>{shortId(parent)}</Link></span>)}
        {commit.provenance.map((from) => <span key={from.commit}>from {from.repo === null ? <span className="mono">{shortId(from.commit)}</span> : <Link className="link" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(from.repo), commitId: from.commit }}>{from.repo_name}@<span className="mono">{shortId(from.commit)}</span></Link>}</span>)}
      </div>
      <div className="row wrap">
        <Link className="btn" to="/repos/$repoId" params={{ repoId }} search={{ ref: commit.id }}><Icon name="folder" />{filesOfCommit(commit)}<span className="muted">{bytes(commit.size_bytes)}</span></Link>
        <Link className="btn" to="/lineage" search={{ node: `commit:${commit.id}` }}><Icon name="flow" />What came of it</Link>
        {commit.state === 'finished' && <button type="button" className="btn" onClick={() => setOpen('compare')}><Icon name="branch" />Compare with…</button>}
        {repo.may_write && commit.state === 'finished' && <button type="button" className="btn" onClick={() => setOpen('tag')}><Icon name="tag" />Tag…</button>}
        {repo.may_write && commit.state === 'finished' && commit.branch && <button type="button" className="btn ghost" onClick={() => setOpen('revert')}>Take it back…</button>}
      </div>
      {open === 'compare' && <CompareDialog repo={repo} onChoose={compare} onClose={() => setOpen(null)} />}
      {open === 'tag' && <NewTag repo={repo} at={commit.id} onClose={() => setOpen(null)} />}
      {open === 'revert' && <Revert repo={repo} commit={commit} branch={commit.branch as string} onClose={() => setOpen(null)} />}
    </section>
  );
}

function Revert({ repo, commit, branch, onClose }: { repo: Repo; commit: Commit; branch: string; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const revert = async () => {
    const made = await revertCommit(repo.id, commit.id, branch);
    await client.invalidateQueries({ queryKey: ['repos'] });
    say(`What “${firstLine(commit)}” changed is taken back on ${branch}.`);
    await navigate({ to: '/repos/$repoId/commits/$commitId', params: { repoId: String(repo.id), commitId: made.id } });
  };
  return (
    <Confirm title="Take this commit back?" action="Take it back" onConfirm={revert} onClose={onClose}>
      <p>A new commit on <b className="b">{branch}</b> undoes what “{firstLine(commit)}” changed. Both stay in the history.</p>
    </Confirm>
  );
}

const OPEN_AT_FIRST = 8;

/** Each file that differs; the first few are open. */
function Changes({ repo, to, from }: { repo: Repo; to: Commit; from: string | undefined }) {
  const diff = useInfiniteQuery(diffQuery(repo.id, to.id, from));
  const changes = diff.data?.pages.flatMap((page) => page.results) ?? [];
  const before = diff.data?.pages[0]?.from ?? from ?? to.parents[0] ?? null;
  const tally = (kind: string) => changes.filter(({ change }) => change === kind).length;
  if (diff.isError) return <Failure error={diff.error} retry={() => void diff.refetch()} what="What changed" />;
  if (diff.isPending) return <div className="scroll col" aria-busy="true" style={{ gap: 14 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="70%" height={22} />)}</div>;
  if (changes.length === 0) return <Empty art={<Icon name="commit" size={28} />} title="No file differs" acts={from && <Link className="btn" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: to.id }}>Compare with the commit before</Link>}>This commit holds the same files as {from ? shortId(from) : 'the one before it'}.</Empty>;
  return (
    <div className="scroll">
      <div className="change-list">
        <p className="two row wrap" role="status">
          <span className="tally">{([['added', 'added'], ['changed', 'changed'], ['removed', 'removed']] as const).map(([kind, words]) => (tally(kind) > 0 ? <span key={kind}><b className={`b ${kind}`}>{count(tally(kind))}</b> {words}</span> : null))}</span>
          {diff.hasNextPage && ' so far'}
          {from && <Link className="chip" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: to.id }}>since <b className="mono">{shortId(from)}</b><Icon name="close" /><span className="unseen">Compare with the commit before</span></Link>}
        </p>
        {changes.map((change, at) => <ChangeView key={change.path} repo={repo} change={change} before={before} after={to.id} isOpenFirst={at < OPEN_AT_FIRST} />)}
        {diff.hasNextPage && <div className="more"><button type="button" className="btn" disabled={diff.isFetchingNextPage} onClick={() => void diff.fetchNextPage()}>Show more changes</button></div>}
      </div>
    </div>
  );
}
