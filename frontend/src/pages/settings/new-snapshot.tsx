import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { createSnapshot, snapshotsQuery } from '../../api/snapshots';
import { viewsQuery } from '../../api/tasks';
import type { Project, SnapshotOrder } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf, Notice } from '../../ui/parts';

type Which = 'all' | 'annotated' | 'finished';
const WHICH: ReadonlyArray<readonly [which: Which, words: string]> = [['all', 'All tasks'], ['annotated', 'Tasks with an annotation'], ['finished', 'Finished tasks']];

/** Which tasks and which annotations a new snapshot holds. */
export function NewSnapshot({ project, onClose }: { project: Project; onClose: () => void }) {
  const [title, setTitle] = useState('');
  const [which, setWhich] = useState<Which>('annotated');
  const [view, setView] = useState<number>();
  const [kinds, setKinds] = useState({ usual: true, ground_truth: true, skipped: false });
  const views = (useQuery(viewsQuery(project.id)).data ?? []).filter((each) => each.data.title && !each.data.isPassing);
  const client = useQueryClient();
  const order: SnapshotOrder = {
    ...(title.trim() ? { title: title.trim() } : {}),
    task_filter_options: { ...(view ? { view } : {}), ...(which === 'all' ? {} : { [which]: 'only' as const }) },
    annotation_filter_options: kinds,
  };
  const create = useMutation({ mutationFn: () => createSnapshot(project.id, order), onSuccess: async () => { await client.invalidateQueries(snapshotsQuery(project.id)); onClose(); } });
  const foot = <><button type="button" className="btn ghost" onClick={onClose}>Cancel</button><button type="submit" form="new-snapshot" className="btn primary" disabled={create.isPending}>{create.isPending && <span className="turn" />}Keep a snapshot</button></>;
  const kind = (name: keyof typeof kinds, words: string) => <label className="check"><input type="checkbox" checked={kinds[name]} onChange={(event) => setKinds({ ...kinds, [name]: event.target.checked })} />{words}</label>;
  return (
    <Dialog title="New snapshot" onClose={onClose} foot={foot}>
      <form id="new-snapshot" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); create.mutate(); }}>
        <Field label="Name" hint="Without one it is named after you and the time">{(wiring) => <input {...wiring} className="input" autoFocus maxLength={100} value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>
        <Field label="Tasks">{(wiring) => <select {...wiring} className="input" value={which} onChange={(event) => setWhich(event.target.value as Which)}>{WHICH.map(([each, words]) => <option key={each} value={each}>{words}</option>)}</select>}</Field>
        {views.length > 0 && <Field label="Of the view">{(wiring) => <select {...wiring} className="input" value={view ?? ''} onChange={(event) => setView(Number(event.target.value) || undefined)}><option value="">Every task</option>{views.map((each) => <option key={each.id} value={each.id}>{each.data.title}</option>)}</select>}</Field>}
        <fieldset className="field" style={{ gap: 8 }}><legend>Annotations</legend>{kind('usual', 'Submitted ones')}{kind('ground_truth', 'Ground truth')}{kind('skipped', 'Skips')}</fieldset>
        {create.error && <Notice tone="bad" live>{messageOf(create.error)}</Notice>}
      </form>
    </Dialog>
  );
}
