import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Run, tagRun } from '../../api/mlflow';
import type { Workspace } from '../../api/types';
import { may } from '../../app/workspace';
import { Icon } from '../../ui/icon';
import { messageOf, Notice } from '../../ui/parts';

const NOTE = 'mlflow.note.content';

/** What people wrote about a run, as plain words. */
export function Notes({ workspace, run }: { workspace: Workspace; run: Run }) {
  const kept = run.data.tags?.find(({ key }) => key === NOTE)?.value ?? '';
  const client = useQueryClient();
  return <NotesCard kept={kept} writes={may(workspace, 'edit')} save={async (text) => { await tagRun(workspace.id, run.info.run_id, NOTE, text); await client.invalidateQueries({ queryKey: ['run'] }); }} />;
}

/** A text about a thing, which can be written anew. */
export function NotesCard({ kept, writes, save: keep, title = 'Notes', empty = 'Nothing is written about it.' }: { kept: string; writes: boolean; save: (text: string) => Promise<unknown>; title?: string; empty?: string }) {
  const [text, setText] = useState<string | undefined>(undefined);
  const save = useMutation({ mutationFn: (words: string) => keep(words), onSuccess: () => setText(undefined) });
  return (
    <section className="card" aria-label={title}>
      <div className="row card-head"><h2>{title}</h2><span className="grow" />{writes && text === undefined && <button type="button" className="btn ghost small" aria-label={`${kept ? 'Change' : 'Write'} the ${title.toLowerCase()}`} onClick={() => setText(kept)}><Icon name="pencil" />{kept ? 'Change' : 'Write'}</button>}</div>
      {text === undefined && (kept ? <p className="note-text">{kept}</p> : <p className="muted">{empty}</p>)}
      {text !== undefined && (
        <form className="col" style={{ gap: 8 }} onSubmit={(event) => { event.preventDefault(); save.mutate(text); }}>
          <textarea className="input" rows={6} aria-label={title} value={text} onChange={(event) => setText(event.target.value)} maxLength={5000} autoFocus />
          {save.isError && <Notice tone="bad" live>{messageOf(save.error)}</Notice>}
          <span className="row"><button type="submit" className="btn primary" disabled={save.isPending}>Save</button><button type="button" className="btn ghost" onClick={() => setText(undefined)}>Cancel</button></span>
        </form>
      )}
    </section>
  );
}
