import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { projectQuery } from '../../api/projects';
import { nameOf } from '../../api/session';
import { type Version, versionsQuery } from '../../api/versions';
import { ago, count, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Pill, Skeleton } from '../../ui/parts';
import { shortId } from '../repos/names';
import { PastProject } from './past-project';
import '../repos/repos.css';
import './versions.css';

/** How was this project at an earlier commit of its labels? */
export function Versions() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const { at } = useSearch({ from: '/inside/projects/$projectId/versions' });
  const project = useQuery(projectQuery(id)).data;
  if (!project) return null;
  return at ? <PastProject key={at} project={project} at={at} /> : <VersionList id={id} />;
}

function VersionList({ id }: { id: number }) {
  const versions = useQuery(versionsQuery(id));
  const found = versions.data ?? [];
  const projectId = String(id);
  return (
    <div className="table-scroll">
      <p className="page-lead two">Each commit of the labels is a version: open it to see the project as it was, or export it byte for byte the same.</p>
      {versions.isPending && <div className="scroll col" aria-busy="true" style={{ gap: 22 }}>{[0, 1, 2].map((each) => <Skeleton key={each} width="60%" height={18} />)}</div>}
      {versions.isError && <Failure error={versions.error} retry={() => void versions.refetch()} what="The list of versions" />}
      {versions.isSuccess && found.length === 0 && (
        <Empty art={<Icon name="clock" size={28} />} title="No version yet" acts={<Link className="btn" to="/projects/$projectId/storages" params={{ projectId }}>Sources and targets</Link>}>
          Add a repo as target and commit the labels: each commit is a version that can be opened and exported again exactly as it was.
        </Empty>
      )}
      {found.length > 0 && (
        <table className="table commit-table">
          <thead><tr><th>Version</th><th className="wide">By</th><th className="num wide">Files</th><th className="num">When</th><th className="tight"><span className="unseen">Acts</span></th></tr></thead>
          <tbody>{found.map((version) => <VersionRow key={version.commit.id} projectId={projectId} version={version} />)}</tbody>
        </table>
      )}
    </div>
  );
}

function VersionRow({ projectId, version }: { projectId: string; version: Version }) {
  const { commit, repo, repo_name: name, tags } = version;
  const when = commit.finished_at ?? commit.created_at;
  const ref = refOf(version);
  return (
    <tr>
      <td className="main">
        <span className="commit-line"><Link className="commit-said" to="/projects/$projectId/versions" params={{ projectId }} search={{ at: ref }}><span className="cut">{commit.message.split('\n')[0] || 'No message'}</span></Link>{tags.map((tag) => <Pill key={tag} tone="accent"><Icon name="tag" size={12} />{tag}</Pill>)}</span>
        <span className="muted small commit-line"><Link className="link commit-said" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(repo), commitId: commit.id }}>{name}@<span className="mono">{shortId(commit.id)}</span></Link></span>
      </td>
      <td className="wide two">{commit.author ? nameOf(commit.author) : 'Treadle itself'}</td>
      <td className="num wide two">{count(commit.file_count)}</td>
      <td className="num muted" title={moment(when)}>{ago(when)}</td>
      <td className="tight"><Link className="btn small wide" to="/projects/$projectId/versions" params={{ projectId }} search={{ at: ref }} aria-label={`Open ${ref}`}>Open</Link></td>
    </tr>
  );
}

/** How a version is asked for: by its tag where it has one. */
export const refOf = ({ commit, repo_name: name, tags }: Version): string => `${name}@${tags[0] ?? commit.id}`;
