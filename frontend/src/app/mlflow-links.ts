import type { Workspace } from '../api/types';

/** Where a link leads that MLflow's client prints, `/#/experiments/1/runs/…?workspace=main`; undefined: it is none. */
export function pageOfMlflowLink(hash: string, workspaces: readonly Workspace[]): string | undefined {
  const [path = '', search = ''] = hash.replace(/^#?\//, '').split('?');
  const [kind, id, below, run] = path.split('/').map(decoded);
  const named = new URLSearchParams(search).get('workspace');
  const workspace = workspaces.find((each) => named === each.name || named === `ws-${each.id}`);
  const at = workspace ? `?w=${workspace.id}` : '';
  if (kind === 'experiments' && id && /^\d+$/.test(id)) return below === 'runs' && run ? `/runs/${encodeURIComponent(run)}${at}` : below === 'traces' ? `/experiments/${id}/traces${at}` : `/experiments/${id}${at}`;
  if (kind === 'models' && id) return `/models/${encodeURIComponent(id)}${at}`;
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
