import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { versionsQuery } from '../../api/versions';
import type { Project } from '../../api/types';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Failure, Pill, Skeleton } from '../../ui/parts';
import { shortId } from '../repos/names';
import { refOf } from './versions';

const NEWEST = 4;

/** The newest versions of a project, and the way to all of them. */
export function VersionsCard({ project }: { project: Project }) {
  const versions = useQuery(versionsQuery(project.id));
  const found = versions.data ?? [];
  const params = { projectId: String(project.id) };
  return (
    <section className="card" aria-labelledby="versions">
      <div className="row card-head"><h2 id="versions">Versions</h2><span className="grow" />{found.length > 0 && <Link className="btn" to="/projects/$projectId/versions" params={params}><Icon name="clock" />All versions</Link>}</div>
      {versions.isPending && <Skeleton width="50%" />}
      {versions.isError && <Failure error={versions.error} retry={() => void versions.refetch()} what="The list of versions" />}
      {versions.isSuccess && <p className="two">{found.length === 0 ? 'Every commit of the labels is a version that can be opened and exported again exactly as it was. There is none yet.' : 'The project as it was at each commit of its labels.'}</p>}
      <ul className="lines storages">
        {found.slice(0, NEWEST).map((version) => (
          <li key={version.commit.id} className="row wrap">
            <Icon name="commit" />
            <span className="grow storage-name"><span className="row"><Link className="b cut" to="/projects/$projectId/versions" params={params} search={{ at: refOf(version) }}>{version.commit.message.split('\n')[0] || 'No message'}</Link>{version.tags.map((tag) => <Pill key={tag} tone="accent"><Icon name="tag" size={12} />{tag}</Pill>)}</span>
              <span className="muted small"><Link className="link" to="/repos/$repoId/commits/$commitId" params={{ repoId: String(version.repo), commitId: version.commit.id }}>{version.repo_name}@<span className="mono">{shortId(version.commit.id)}</span></Link> · <span title={moment(version.commit.finished_at ?? version.commit.created_at)}>{ago(version.commit.finished_at ?? version.commit.created_at)}</span></span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
