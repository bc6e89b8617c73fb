import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { act, type TaskAction, type TaskSelection } from '../../api/tasks';
import type { Project, TaskPage } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { countSelected, NOTHING, type Selection, toChosen } from './selection';

interface SelectionBarProps {
  project: Project;
  asked: TaskSelection;
  total: number;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  deleting: boolean;
  onDeleting: (deleting: boolean) => void;
}

/** What can be done with the selected tasks. */
export function SelectionBar({ project, asked, total, selection, onSelect, deleting, onDeleting }: SelectionBarProps) {
  const [clearing, setClearing] = useState(false);
  const client = useQueryClient();
  const tasks = counted(countSelected(selection, total), 'task');
  const lost = useLoss(project.id, asked, selection);
  const run = async (action: TaskAction, done: string) => {
    await act(project.id, action, toChosen(selection), asked);
    onSelect(NOTHING);
    say(done);
    await Promise.all(['tasks', 'project', 'projects'].map((key) => client.invalidateQueries({ queryKey: [key] })));
  };
  const accept = useMutation({
    mutationFn: () => run('predictions_to_annotations', `The predictions of ${tasks} are annotations now.`),
    onError: (error) => say(messageOf(error), { tone: 'bad' }),
  });
  return (
    <div className="selection-bar" role="region" aria-label="Selected tasks">
      <b className="b" role="status">{count(countSelected(selection, total))} selected</b>
      {(project.total_predictions_number ?? 0) > 0 && <button type="button" className="btn ghost" onClick={() => accept.mutate()} disabled={accept.isPending}>Accept predictions</button>}
      {(project.total_annotations_number ?? 0) > 0 && <button type="button" className="btn ghost wide" onClick={() => setClearing(true)}>Clear annotations…</button>}
      <button type="button" className="btn danger-ghost" onClick={() => onDeleting(true)}>Delete…</button>
      <button type="button" className="btn ghost icon" aria-label="Let go of the selection" onClick={() => onSelect(NOTHING)}><Icon name="close" /></button>
      {deleting && (
        <Confirm title={`Delete ${tasks}?`} action={`Delete ${tasks}`} onClose={() => onDeleting(false)} onConfirm={() => run('delete_tasks', `${tasks} deleted.`)}>
          <p>With them go {lost}, and all drafts on them, by everybody.</p>
          <p className="two">This cannot be undone. An export keeps a copy.</p>
        </Confirm>
      )}
      {clearing && (
        <Confirm title={`Clear the annotations of ${tasks}?`} action="Clear annotations" onClose={() => setClearing(false)} onConfirm={() => run('delete_tasks_annotations', `The annotations of ${tasks} are gone.`)}>
          <p>The tasks stay and are to be labelled again. Everybody’s annotations on them are lost.</p>
          <p className="two">This cannot be undone. An export keeps a copy.</p>
        </Confirm>
      )}
    </div>
  );
}

/** What hangs on the selected tasks, in words, from the rows that were seen. */
function useLoss(project: number, asked: TaskSelection, selection: Selection): string {
  const pages = useQueryClient().getQueriesData<TaskPage>({ queryKey: ['tasks', project, asked] }).flatMap(([, page]) => (page && typeof page === 'object' ? [page] : []));
  const rows = new Map(pages.flatMap((page) => page.tasks).map((task) => [task.id, task]));
  const sum = (of: 'total_annotations' | 'total_predictions') => {
    const named = [...selection.ids].reduce((all, id) => all + (rows.get(id)?.[of] ?? 0), 0);
    return selection.all ? Math.max(0, (pages[0]?.[of] ?? 0) - named) : named;
  };
  return `${counted(sum('total_annotations'), 'annotation')} and ${counted(sum('total_predictions'), 'prediction')}`;
}
