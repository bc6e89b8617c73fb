import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Branch, branchesQuery, createBranch, createTag, deleteBranch, deleteTag, type Repo, type Tag, tagsQuery } from '../../api/repos';
import { useWish } from '../../app/wish';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Pill, Skeleton } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { useRepo } from './files';
import { MergeDialog } from './merge-dialog';
import { shortId } from './names';
import { NewBranch, NewTag, ResetBranch } from './refs-dialogs';

/** Which lines of work are there, and which moments have names? */
export function Branches() {
  const { repo } = useRepo();
  return repo ? <div className="scroll"><div className="refs"><BranchCard repo={repo} /><TagCard repo={repo} /></div></div> : null;
}

type Asked = { what: 'new' } | { what: 'merge' | 'reset'; branch: Branch };

function BranchCard({ repo }: { repo: Repo }) {
  const branches = useQuery(branchesQuery(repo.id));
  const [asked, setAsked] = useState<Asked | null>(null);
  useWish('new-branch', () => setAsked({ what: 'new' }));
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['repos'] });
  const remove = async (branch: Branch) => {
    try {
      await deleteBranch(repo.id, branch.name);
      await refresh();
      offerUndo(`The branch ${branch.name} is deleted.`, () => createBranch(repo.id, { name: branch.name, ...(branch.head ? { at: branch.head } : {}) }).then(refresh), `${branch.name} is back.`);
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
    }
  };
  const found = branches.data ?? [];
  return (
    <section className="card" aria-labelledby="branches">
      <div className="row card-head"><h2 id="branches">Branches</h2><span className="grow" />{repo.may_write && found.length > 0 && <button type="button" className="btn" onClick={() => setAsked({ what: 'new' })}><Icon name="plus" />New branch</button>}</div>
      {branches.isPending && <Skeleton width="50%" />}
      {branches.isError && <Failure error={branches.error} retry={() => void branches.refetch()} what="The list of branches" />}
      {branches.isSuccess && found.length === 0 && <p className="two">The first commit makes the branch <span className="mono">master</span>.</p>}
      <ul className="lines">
        {found.map((branch) => (
          <li key={branch.name} className="row wrap">
            <Icon name="branch" />
            <span className="grow"><Link className="b cut" to="/repos/$repoId" params={{ repoId: String(repo.id) }} search={{ ref: branch.name }}>{branch.name}</Link> <span className="muted small">{branch.head ? <>at <Link className="link mono" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: branch.head }}>{shortId(branch.head)}</Link></> : 'no commit yet'}</span></span>
            {branch.open_commit && <Pill tone="accent">files are staged</Pill>}
            {repo.may_write && branch.head && found.length > 1 && <button type="button" className="btn small" onClick={() => setAsked({ what: 'merge', branch })} aria-label={`Merge ${branch.name} into another branch`}><Icon name="merge" />Merge…</button>}
            {repo.may_write && branch.head && <button type="button" className="btn ghost small" onClick={() => setAsked({ what: 'reset', branch })} aria-label={`Move ${branch.name} to another commit`}>Move…</button>}
            {repo.may_write && found.length > 1 && <button type="button" className="btn danger-ghost small" onClick={() => void remove(branch)} aria-label={`Delete the branch ${branch.name}`}>Delete</button>}
          </li>
        ))}
      </ul>
      {asked?.what === 'new' && <NewBranch repo={repo} onClose={() => setAsked(null)} />}
      {asked?.what === 'merge' && <MergeDialog repo={repo} from={asked.branch.name} onClose={() => setAsked(null)} />}
      {asked?.what === 'reset' && <ResetBranch repo={repo} branch={asked.branch} onClose={() => setAsked(null)} />}
    </section>
  );
}

function TagCard({ repo }: { repo: Repo }) {
  const tags = useQuery(tagsQuery(repo.id));
  const [making, setMaking] = useState(false);
  useWish('new-tag', () => setMaking(true));
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['repos'] });
  const remove = async (tag: Tag) => {
    try {
      await deleteTag(repo.id, tag.name);
      await refresh();
      offerUndo(`The tag ${tag.name} is deleted.`, () => createTag(repo.id, { name: tag.name, at: tag.commit, message: tag.message }).then(refresh), `${tag.name} is back.`);
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
    }
  };
  return (
    <section className="card" aria-labelledby="tags">
      <div className="row card-head"><h2 id="tags">Tags</h2><span className="grow" />{repo.may_write && repo.head && <button type="button" className="btn" onClick={() => setMaking(true)}><Icon name="plus" />New tag</button>}</div>
      {tags.isError && <Failure error={tags.error} retry={() => void tags.refetch()} what="The list of tags" />}
      {tags.data?.length === 0 && <p className="two">A tag keeps a commit findable by a name of its own, such as <span className="mono">v1</span>, for as long as it stands.</p>}
      <ul className="lines">
        {tags.data?.map((tag) => (
          <li key={tag.name} className="row wrap">
            <Icon name="tag" />
            <span className="grow"><Link className="b cut" to="/repos/$repoId" params={{ repoId: String(repo.id) }} search={{ ref: tag.name }}>{tag.name}</Link> <span className="muted small">at <Link className="link mono" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: tag.commit }}>{shortId(tag.commit)}</Link> · <span title={moment(tag.created_at)}>{ago(tag.created_at)}</span></span>{tag.message && <span className="two small" style={{ display: 'block' }}>{tag.message}</span>}</span>
            {repo.may_write && <button type="button" className="btn danger-ghost small" onClick={() => void remove(tag)} aria-label={`Delete the tag ${tag.name}`}>Delete</button>}
          </li>
        ))}
      </ul>
      {making && <NewTag repo={repo} at={repo.head?.branch ?? 'master'} onClose={() => setMaking(false)} />}
    </section>
  );
}
