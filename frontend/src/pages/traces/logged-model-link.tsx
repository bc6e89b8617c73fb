import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { loggedModelQuery } from '../../api/mlflow';

/** The logged model that a trace was made with, by its name; it leads to the run that logged it. */
export function LoggedModelLink({ workspace, model }: { workspace: number; model: string }) {
  const found = useQuery(loggedModelQuery(workspace, model)).data?.info;
  const words = found?.name ?? model;
  return found?.source_run_id ? <Link className="link" to="/runs/$runId" params={{ runId: found.source_run_id }} search={{ w: workspace }}>{words}</Link> : <span className={found ? '' : 'mono'}>{words}</span>;
}
