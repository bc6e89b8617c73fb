import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { describeVersion, type ModelVersion, tagVersion, untagVersion } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { CopyLine } from '../../ui/copy-line';
import { Dialog } from '../../ui/dialog';
import { Pill } from '../../ui/parts';
import { momentOf } from '../experiments/when';
import { NotesCard } from '../run/notes';
import { TagsCard } from '../run/tags';

/** One version of a model: where it came from, what is written of it, how to load it. */
export function VersionDialog({ workspace, version: each, aliases, onClose }: { workspace: Workspace; version: ModelVersion; aliases: readonly string[]; onClose: () => void }) {
  const { name, version } = each;
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['model-versions'] });
  const edits = may(workspace, 'edit');
  return (
    <Dialog title={`${name} ${version}`} wide onClose={onClose}>
      {aliases.length > 0 && <p className="row wrap">{aliases.map((alias) => <Pill key={alias} tone="accent">{alias}</Pill>)}</p>}
      <dl className="facts">
        <div><dt>Made</dt><dd>{momentOf(each.creation_timestamp) ?? '–'}{each.user_id ? ` by ${each.user_id}` : ''}</dd></div>
        {each.run_id && <div><dt>Run</dt><dd><Link className="link mono" to="/runs/$runId" params={{ runId: each.run_id }} search={{ w: workspace.id }} onClick={onClose}>{each.run_id}</Link></dd></div>}
        {each.source && <div><dt>Source</dt><dd className="mono">{each.source}</dd></div>}
        {each.status_message && <div><dt>State</dt><dd>{each.status_message}</dd></div>}
        <div><dt>To load it</dt><dd><CopyLine text={`mlflow.pyfunc.load_model("models:/${name}/${version}")`} /></dd></div>
      </dl>
      <NotesCard title="Description" empty="Nothing is written about this version." kept={each.description ?? ''} writes={edits} save={async (text) => { await describeVersion(workspace.id, name, version, text); await refresh(); onClose(); }} />
      <TagsCard tags={each.tags ?? []} writes={edits} onTag={async (key, value) => { await tagVersion(workspace.id, name, version, key, value); await refresh(); onClose(); }} onUntag={async (key) => { await untagVersion(workspace.id, name, version, key); await refresh(); onClose(); }} />
    </Dialog>
  );
}
