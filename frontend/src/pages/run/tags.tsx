import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Pair, type Run, tagRun, untagRun } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';

/** The tags of a run that people or scripts gave it. */
export function Tags({ workspace, run }: { workspace: Workspace; run: Run }) {
  const client = useQueryClient();
  const id = run.info.run_id;
  const refresh = () => client.invalidateQueries({ queryKey: ['run'] });
  return (
    <TagsCard
      tags={run.data.tags ?? []} writes={may(workspace, 'edit')}
      onTag={async (key, value) => { await tagRun(workspace.id, id, key, value); await refresh(); }} onUntag={async (key) => { await untagRun(workspace.id, id, key); await refresh(); }}
    />
  );
}

interface CardProps {
  tags: readonly Pair[];
  writes: boolean;
  onTag: (key: string, value: string) => Promise<unknown>;
  onUntag: (key: string) => Promise<unknown>;
}

/** Tags as pills, one to add, each to take away. What MLflow keeps for itself is left out. */
export function TagsCard({ tags, writes, onTag, onUntag }: CardProps) {
  const own = tags.filter(({ key }) => !key.startsWith('mlflow.'));
  const [adding, setAdding] = useState<readonly [key: string, value: string] | undefined>(undefined);
  const tried = (act: () => Promise<unknown>) => void act().catch((error: unknown) => say(messageOf(error), { tone: 'bad' }));
  const remove = ({ key, value }: Pair) => tried(async () => { await onUntag(key); offerUndo(`The tag “${key}” is taken away.`, () => onTag(key, value)); });
  const add = () => tried(async () => { if (adding?.[0].trim()) await onTag(adding[0].trim(), adding[1]); setAdding(undefined); });
  return (
    <section className="card" aria-label="Tags">
      <div className="row card-head"><h2>Tags</h2><span className="grow" />{writes && !adding && <button type="button" className="btn ghost small" onClick={() => setAdding(['', ''])}><Icon name="plus" />Add a tag</button>}</div>
      {own.length === 0 && !adding && <p className="muted">None.</p>}
      <ul className="tag-list">{own.map((tag) => <li key={tag.key} className="chip"><b>{tag.key}</b><span className="cut" title={tag.value}>{tag.value}</span>{writes && <button type="button" className="x" aria-label={`Take the tag ${tag.key} away`} onClick={() => remove(tag)}><Icon name="close" /></button>}</li>)}</ul>
      {adding && (
        <form className="row wrap tag-form" onSubmit={(event) => { event.preventDefault(); add(); }}>
          <input className="input" aria-label="Tag" placeholder="Tag" value={adding[0]} onChange={(event) => setAdding([event.target.value, adding[1]])} maxLength={250} autoFocus />
          <input className="input" aria-label="Value" placeholder="Value" value={adding[1]} onChange={(event) => setAdding([adding[0], event.target.value])} maxLength={8000} />
          <button type="submit" className="btn" disabled={!adding[0].trim()}>Add</button><button type="button" className="btn ghost" onClick={() => setAdding(undefined)}>Cancel</button>
        </form>
      )}
    </section>
  );
}
