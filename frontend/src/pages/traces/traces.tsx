import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type Experiment, experimentsQuery } from '../../api/tracking';
import { Top } from '../../app/top';
import { Icon } from '../../ui/icon';
import { Empty, Failure, Skeleton } from '../../ui/parts';
import { ExperimentTabs } from '../experiments/experiment-tabs';
import { useTrackedWorkspace } from '../experiments/use-tracked-workspace';
import { TraceTable } from './trace-table';

/** The traces of one experiment, or of some. */
export function Traces() {
  const workspace = useTrackedWorkspace();
  const { experimentIds } = useParams({ from: '/inside/experiments/$experimentIds/traces' });
  const experiments = useQuery(experimentsQuery(workspace?.id));
  const ids = experimentIds.split(',');
  const found = (experiments.data ?? []).filter(({ id }) => ids.includes(id));
  const crumb = <Link to="/experiments" className="crumb">Experiments</Link>;
  if (experiments.isError) return <><Top crumb={crumb} title="Traces" /><Failure error={experiments.error} retry={() => void experiments.refetch()} what="The experiment" /></>;
  if (experiments.isSuccess && found.length === 0) return <><Top crumb={crumb} title="Traces" /><Empty art={<Icon name="search" size={28} />} title="This experiment is not here" acts={<Link to="/experiments" className="btn">To the experiments</Link>}>It was deleted, or it is in another workspace.</Empty></>;
  if (!workspace || found.length === 0) return <><Top crumb={crumb} title=" " tab="Traces" /><div className="scroll"><Skeleton width="40%" height={20} /></div></>;
  const title = found.length === 1 ? (found[0] as Experiment).name : `${found.length} experiments`;
  return (
    <>
      <Top crumb={crumb} title={title} tab={['Traces', title]} />
      <ExperimentTabs workspace={workspace.id} experiments={experimentIds} open="traces" />
      <TraceTable key={`${workspace.id} ${experimentIds}`} workspace={workspace} experiments={found} empty="A trace keeps what a program asked a model or a tool, what came back, and how long each step took. Switch it on for a library, or put it over a function." />
    </>
  );
}
