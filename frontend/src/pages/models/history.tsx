import { useQuery } from '@tanstack/react-query';
import { nameOf } from '../../api/session';
import { type Promotion, promotionsQuery } from '../../api/tracking';
import { ago, moment } from '../../ui/format';
import { Failure, Skeleton } from '../../ui/parts';

/** Who promoted which version when, newest first. */
export function History({ workspace, name }: { workspace: number; name: string }) {
  const history = useQuery(promotionsQuery(workspace, name));
  return (
    <section className="card" aria-labelledby="promotions">
      <h2 id="promotions">Who promoted what</h2>
      {history.isPending && <Skeleton width="60%" />}
      {history.isError && <Failure error={history.error} retry={() => void history.refetch()} what="The history" />}
      {history.data?.length === 0 && <p className="muted">No alias was set yet.</p>}
      <ol className="lines">
        {history.data?.map((each, index) => (
          <li key={index} className="row">
            <span className="grow">{whatOf(each)}{each.by && <span className="muted"> by {nameOf(each.by)}</span>}</span>
            <span className="muted" title={moment(timeOf(each))}>{ago(timeOf(each))}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const timeOf = ({ at }: Promotion): string => (typeof at === 'number' ? new Date(at).toISOString() : at);

const STAGE = 'stage:';

function whatOf({ alias, version, previous_version: before }: Promotion) {
  if (alias === '') return version === null ? <>Version <b className="b">{before}</b> deleted</> : <>Version <b className="b">{version}</b> made</>;
  if (alias.startsWith(STAGE)) return version === null ? <>{before} left the stage {alias.slice(STAGE.length)}</> : <><b className="b">{version}</b> is in the stage {alias.slice(STAGE.length)}</>;
  if (version === null) return <><b className="b">{alias}</b> taken away{before ? ` from ${before}` : ''}</>;
  return <><b className="b">{alias}</b> is {version}{before && before !== version ? <span className="muted">, before {before}</span> : ''}</>;
}
