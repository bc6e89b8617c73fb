import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { RunAction, RunQuestion } from '../../api/tracking';
import { Confirm, Dialog } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Field, messageOf, Notice, Progress } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { countSelected, NOTHING, type Selection } from '../tasks/selection';
import { type Acted, actOnMany, chosenIds, partly, useRunBulk } from './run-bulk';

interface BarProps {
  question: RunQuestion;
  total: number;
  selection: Selection<string>;
  onSelect: (selection: Selection<string>) => void;
  makes: boolean;
  isDeleting: boolean;
  onDeleting: (isDeleting: boolean) => void;
}

export const MOST_COMPARED = 50;

/** What can be done with the selected runs. */
export function RunSelectionBar({ question, total, selection, onSelect, makes, isDeleting, onDeleting }: BarProps) {
  const [isTagging, setTagging] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { workspace, view } = question;
  const selected = countSelected(selection, total);
  const runs = counted(selected, 'run');
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ['runs'] }), client.invalidateQueries({ queryKey: ['experiments'] }), client.invalidateQueries({ queryKey: ['run-columns'] })]);
  const act = async (what: RunAction, words: string): Promise<Acted> => {
    const acted = await actOnMany(workspace, await chosenIds(question, selection, total), what, words);
    // What is as it was stays selected, for another try.
    onSelect(acted.unchanged.length === 0 ? NOTHING : { all: false, ids: new Set(acted.unchanged) });
    await refresh();
    return acted;
  };
  const remove = async () => {
    const acted = await act({ action: 'delete' }, `Deleting ${runs}`);
    if (acted.changed.length === 0) throw new Error(partly(acted, 'deleted'));
    const [gone, are] = [counted(acted.changed.length, 'run'), acted.changed.length === 1 ? 'is' : 'are'];
    const undo = async () => {
      const back = await actOnMany(workspace, acted.changed, { action: 'restore' }, `Restoring ${gone}`);
      await refresh();
      if (back.unchanged.length > 0) throw new Error(partly(back, 'restored'));
    };
    offerUndo(acted.unchanged.length > 0 ? partly(acted, 'deleted') : `${gone} deleted.`, undo, `${gone} ${are} back.`);
  };
  const restore = () => void act({ action: 'restore' }, `Restoring ${runs}`).then(
    (acted) => (acted.unchanged.length > 0 ? say(partly(acted, 'restored'), { tone: 'bad' }) : say(`${runs} ${selected === 1 ? 'is' : 'are'} back.`)),
    (error: unknown) => say(messageOf(error), { tone: 'bad' }),
  );
  const tag = async (what: RunAction, words: string) => {
    const acted = await act(what, words);
    if (acted.unchanged.length > 0) throw new Error(partly(acted, 'tagged'));
    say(`${runs} tagged.`);
  };
  const isComparable = selected >= 2 && selected <= MOST_COMPARED;
  const compare = () => void chosenIds(question, selection, total).then((ids) => navigate({ to: '/compare', search: { runs: ids.join(','), w: workspace } }), (error: unknown) => say(messageOf(error), { tone: 'bad' }));
  return (
    <div className="float-bar selection-bar" role="region" aria-label="Selected runs">
      <b className="b" role="status">{count(selected)} selected{selection.all && selection.ids.size > 0 && <span className="muted wide"> all but {count(selection.ids.size)}</span>}</b>
      {isComparable && <button type="button" className="btn" onClick={compare}>Compare</button>}
      {makes && view === 'active' && <button type="button" className="btn ghost" onClick={() => setTagging(true)}>Tag…</button>}
      {makes && (view === 'active'
        ? <button type="button" className="btn danger-ghost" onClick={() => onDeleting(true)}>Delete…</button>
        : <button type="button" className="btn ghost" onClick={restore}><Icon name="undo" />Restore</button>)}
      <button type="button" className="btn ghost icon" aria-label="Let go of the selection" onClick={() => onSelect(NOTHING)}><Icon name="close" /></button>
      {isDeleting && view === 'active' && (
        <Confirm title={`Delete ${runs}?`} action={`Delete ${runs}`} onClose={() => onDeleting(false)} onConfirm={remove}>
          <p>Their metrics, parameters and files go with them; versions of registered models that came from them stay.</p>
          <p className="two">You can undo this for 10 seconds, and restore them from the deleted runs of the experiment.</p>
        </Confirm>
      )}
      {isTagging && <TagDialog runs={runs} onClose={() => setTagging(false)} onTag={tag} />}
    </div>
  );
}

function TagDialog({ runs, onTag, onClose }: { runs: string; onTag: (act: RunAction, words: string) => Promise<unknown>; onClose: () => void }) {
  const [[key, value], setTyped] = useState<readonly [key: string, value: string]>(['', '']);
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const run = async (what: RunAction) => {
    setRunning(true);
    try {
      await onTag(what, `Tagging ${runs}`);
      onClose();
    } catch (cause) {
      setError(cause);
      setRunning(false);
    }
  };
  const foot = (
    <>
      <button type="button" className="btn ghost" disabled={!key.trim() || isRunning} onClick={() => void run({ action: 'delete-tag', key: key.trim() })}>Take this tag away</button>
      <span className="grow" />
      <button type="submit" form="tag-runs" className="btn primary" disabled={!key.trim() || isRunning}>{isRunning && <span className="turn" />}Tag {runs}</button>
    </>
  );
  return (
    <Dialog title={`Tag ${runs}`} onClose={onClose} foot={foot} busy={isRunning}>
      <form id="tag-runs" className="col" style={{ gap: 14 }} onSubmit={(event) => { event.preventDefault(); void run({ action: 'set-tag', key: key.trim(), value }); }}>
        <Field label="Tag">{(wiring) => <input {...wiring} className="input" value={key} onChange={(event) => setTyped([event.target.value, value])} maxLength={250} autoFocus />}</Field>
        <Field label="Value">{(wiring) => <input {...wiring} className="input" value={value} onChange={(event) => setTyped([key, event.target.value])} maxLength={8000} />}</Field>
        {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
      </form>
    </Dialog>
  );
}

/** An action on many runs on its way. */
export function RunBulkBar() {
  const doing = useRunBulk((state) => state.doing);
  if (!doing) return null;
  return (
    <div className="float-bar bulk-bar" role="region" aria-label={doing.words}>
      <span role="status" className="cut">{doing.words}</span>
      <span className="bulk-share"><Progress share={doing.done / doing.total} name={doing.words} /></span>
      <span className="muted wide">{count(doing.done)} of {count(doing.total)}</span>
    </div>
  );
}
