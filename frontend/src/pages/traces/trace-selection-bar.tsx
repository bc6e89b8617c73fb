import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { allTraceIds, type TraceQuestion } from '../../api/traces';
import { Confirm } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { countSelected, NOTHING, type Selection } from '../tasks/selection';
import { deleteMany, tellDeleted } from './trace-bulk';

interface BarProps {
  question: TraceQuestion;
  /** The traces that are known of. */
  total: number;
  isMore: boolean;
  selection: Selection<string>;
  onSelect: (selection: Selection<string>) => void;
  manages: boolean;
  /** Set while somebody wants to delete them, by the button or the key. */
  isDeleting: boolean;
  onDeleting: (isDeleting: boolean) => void;
}

/** What can be done with the selected traces. */
export function TraceSelectionBar({ question, total, isMore, selection, onSelect, manages, isDeleting, onDeleting }: BarProps) {
  const [ids, setIds] = useState<readonly string[] | undefined>(undefined);
  const client = useQueryClient();
  const selected = countSelected(selection, total);
  const isOpenEnded = selection.all && isMore;
  useEffect(() => {
    if (!isDeleting) return undefined;
    let isMeant = true;
    chosenIds(question, selection).then((found) => { if (isMeant) setIds(found); }, (error: unknown) => { if (isMeant) onDeleting(false); say(messageOf(error), { tone: 'bad' }); });
    return () => { isMeant = false; };
  }, [isDeleting]);
  const close = () => {
    setIds(undefined);
    onDeleting(false);
  };
  const remove = async () => {
    const done = await deleteMany(question, ids ?? []);
    // What it did not come to stays selected, for another try.
    onSelect(done.left.length === 0 ? NOTHING : { all: false, ids: new Set(done.left) });
    void client.resetQueries({ queryKey: ['traces'] });
    say(tellDeleted(done), done.left.length > 0 ? { tone: 'bad' } : {});
  };
  if (selected === 0 && !isOpenEnded) return null;
  return (
    <div className="float-bar selection-bar" role="region" aria-label="Selected traces">
      <b className="b" role="status">{isOpenEnded ? 'All selected' : `${count(selected)} selected`}{selection.all && selection.ids.size > 0 && <span className="muted wide"> all but {count(selection.ids.size)}</span>}</b>
      {manages && <button type="button" className="btn danger-ghost" disabled={isDeleting && ids === undefined} onClick={() => onDeleting(true)}>{isDeleting && ids === undefined && <span className="turn" />}Delete…</button>}
      <button type="button" className="btn ghost icon" aria-label="Let go of the selection" onClick={() => onSelect(NOTHING)}><Icon name="close" /></button>
      {ids !== undefined && (
        <Confirm title={`Delete ${counted(ids.length, 'trace')}?`} action={`Delete ${counted(ids.length, 'trace')}`} onClose={close} onConfirm={remove}>
          <p>Their spans, what went in and came out, their tags and feedback go with them.</p>
          <p className="two">MLflow keeps nothing of a deleted trace: this cannot be undone.</p>
        </Confirm>
      )}
    </div>
  );
}

/** The traces that a selection means, by name. */
async function chosenIds(question: TraceQuestion, selection: Selection<string>): Promise<readonly string[]> {
  if (!selection.all) return [...selection.ids];
  return (await allTraceIds(question)).filter((id) => !selection.ids.has(id));
}
