import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Blame, blameQuery, type Commit, type Repo } from '../../api/repos';
import { Dialog } from '../../ui/dialog';
import { ago, count } from '../../ui/format';
import { Failure, Skeleton } from '../../ui/parts';
import { authorOfCommit, firstLine } from './commits';
import { nameOfPath } from './content-kind';
import { shortId } from './names';

interface BlameProps {
  repo: Repo;
  at: string;
  path: string;
  onClose: () => void;
}

/** Who wrote each line of a text, and with which commit. */
export function BlameDialog({ repo, at, path, onClose }: BlameProps) {
  const blame = useQuery(blameQuery(repo.id, at, path));
  return (
    <Dialog title={`Who wrote ${nameOfPath(path)}`} onClose={onClose} wide>
      {blame.isPending && <div className="col" style={{ gap: 8 }}><Skeleton width="80%" /><Skeleton width="60%" /></div>}
      {blame.isError && <Failure error={blame.error} retry={() => void blame.refetch()} what="Who wrote it" />}
      {blame.data && (blame.data.results ? <Lines repo={repo} blame={blame.data} /> : <p>Its bytes came with <By repo={repo} commit={blame.data.commit} />.</p>)}
    </Dialog>
  );
}

const MOST_LINES = 2_000;

function Lines({ repo, blame }: { repo: Repo; blame: Blame }) {
  const commits = new Map([...blame.commits, blame.commit].map((commit) => [commit.id, commit]));
  const lines = blame.results ?? [];
  return (
    <>
      <div className="diff blame" role="region" aria-label="Lines" tabIndex={0}>
        <table><tbody>
          {lines.slice(0, MOST_LINES).map((line, at) => {
            const commit = commits.get(line.commit);
            const isFirst = lines[at - 1]?.commit !== line.commit;
            return <tr key={line.number} className={isFirst ? 'first' : ''}><td className="by">{isFirst && commit && <By repo={repo} commit={commit} />}</td><td className="n">{line.number}</td><td>{line.text}</td></tr>;
          })}
        </tbody></table>
      </div>
      {lines.length > MOST_LINES && <p className="muted small">The first {count(MOST_LINES)} of {count(lines.length)} lines.</p>}
      {!blame.is_complete && <p className="muted small">The history is longer than what was searched: the oldest lines may be older than they seem.</p>}
    </>
  );
}

const By = ({ repo, commit }: { repo: Repo; commit: Commit }) => (
  <Link className="hit" title={firstLine(commit)} to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo.id), commitId: commit.id }}><span className="link mono">{shortId(commit.id)}</span> <span className="two">{authorOfCommit(commit)}, {ago(commit.finished_at ?? commit.created_at)}</span></Link>
);
