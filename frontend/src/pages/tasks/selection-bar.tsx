import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { backendsQuery } from '../../api/learning';
import { type ActionWish, chosenTotalsQuery, type TaskAction, type TaskSelection } from '../../api/tasks';
import type { Person, Project } from '../../api/types';
import { Confirm } from '../../ui/dialog';
import { count, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { AcceptDialog, DeleteAnnotations, WayBack } from './act-dialogs';
import { AssignDialog } from './assign-dialog';
import { type Ended, startBulk } from './bulk';
import { usePhone } from './use-phone';
import { countSelected, NOTHING, type Selection, toChosen } from './selection';

interface SelectionBarProps {
  project: Project;
  asked: TaskSelection;
  total: number;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  /** What is about to be done with them, once it is confirmed. */
  now: Doing;
  onNow: (now: Doing) => void;
  /** Those who annotated here, and the models whose predictions are here. */
  annotators: readonly Person[];
  models: readonly string[];
  /** Absent where this selection cannot be exported. */
  onExport: (() => void) | undefined;
}

export type Doing = 'delete_tasks' | 'delete_tasks_annotations' | 'delete_tasks_predictions' | 'predictions_to_annotations' | 'assign' | null;

interface Words {
  doing: string;
  done: string | ((result: Ended) => string);
  undone?: string;
}

/** What can be done with the selected tasks. */
export function SelectionBar({ project, asked, total, selection, onSelect, now, onNow, annotators, models, onExport }: SelectionBarProps) {
  const client = useQueryClient();
  const isPhone = usePhone();
  const selected = countSelected(selection, total);
  const tasks = counted(selected, 'task');
  const start = async (action: TaskAction, words: Words, wish?: ActionWish) => {
    await startBulk({ project: project.id, action, chosen: toChosen(selection), asked, undone: 'It is back.', ...words, ...(wish ? { wish } : {}) }, client);
    onSelect(NOTHING);
  };
  const acceptWords = { doing: `Accepting the predictions of ${tasks}`, done: `The predictions of ${tasks} are annotations now.` };
  const accept = useMutation({ mutationFn: () => start('predictions_to_annotations', acceptWords), onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const model = useQuery({ ...backendsQuery(project.id), refetchInterval: false, staleTime: 60_000 }).data?.[0];
  const predict = useMutation({ mutationFn: () => start('retrieve_tasks_predictions', { doing: `Predicting ${tasks}`, done: predictedWords }), onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const [hasPredictions, hasAnnotations] = [(project.total_predictions_number ?? 0) > 0, (project.total_annotations_number ?? 0) > 0];
  const close = () => onNow(null);
  const acts: Record<string, () => void> = {
    tasks: () => onNow('delete_tasks'), annotations: () => onNow('delete_tasks_annotations'), predictions: () => onNow('delete_tasks_predictions'),
    predict: () => predict.mutate(),
    accept: () => (models.length > 1 ? onNow('predictions_to_annotations') : accept.mutate()), assign: () => onNow('assign'), export: () => onExport?.(),
  };
  return (
    <div className="float-bar selection-bar" role="region" aria-label="Selected tasks">
      <b className="b" role="status">{count(selected)} selected{selection.all && selection.ids.size > 0 && <span className="muted wide"> all but {count(selection.ids.size)}</span>}</b>
      {model && <button type="button" className="btn ghost wide" title={`${model.title || 'The model'} is asked about those that it has not answered`} onClick={acts['predict']} disabled={predict.isPending}>Predict</button>}
      {hasPredictions && <button type="button" className="btn ghost wide" onClick={acts['accept']} disabled={accept.isPending}>Accept predictions</button>}
      <button type="button" className="btn ghost wide" onClick={acts['assign']}>Assign…</button>
      {onExport && <button type="button" className="btn ghost wide" onClick={onExport}>Export…</button>}
      <button type="button" className="btn danger-ghost" onClick={acts['tasks']}>Delete…</button>
      {(isPhone || hasAnnotations || hasPredictions) && (
        <MenuTrigger>
          <Button className="btn ghost icon" aria-label="More to do with them"><Icon name="dots" /></Button>
          <Popover placement="top end" className="menu">
            <Menu aria-label="More to do with the selected tasks" style={{ outline: 'none' }} onAction={(key) => acts[String(key)]?.()}>
              {isPhone && model ? <MenuItem id="predict">Predict</MenuItem> : null}
              {isPhone && hasPredictions ? <MenuItem id="accept">Accept predictions</MenuItem> : null}
              {isPhone ? <MenuItem id="assign">Assign…</MenuItem> : null}
              {isPhone && onExport ? <MenuItem id="export">Export…</MenuItem> : null}
              {hasAnnotations ? <MenuItem id="annotations" className="danger">Delete their annotations…</MenuItem> : null}
              {hasPredictions ? <MenuItem id="predictions" className="danger">Delete their predictions…</MenuItem> : null}
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
      <button type="button" className="btn ghost icon" aria-label="Let go of the selection" onClick={() => onSelect(NOTHING)}><Icon name="close" /></button>
      {now === 'delete_tasks' && (
        <Confirm title={`Delete ${tasks}?`} action={`Delete ${tasks}`} onClose={close} onConfirm={() => start('delete_tasks', { doing: `Deleting ${tasks}`, done: `${tasks} deleted.`, undone: `${tasks} are back.` })}>
          <p>With them go <Loss project={project.id} asked={asked} selection={selection} of="both" />, and all drafts on them, by everybody.</p>
          <WayBack />
        </Confirm>
      )}
      {now === 'delete_tasks_annotations' && (
        <DeleteAnnotations tasks={tasks} annotators={annotators} onClose={close} onDelete={(annotator, whose) => start('delete_tasks_annotations', { doing: `Deleting the annotations of ${tasks}`, done: `The annotations of ${tasks}${whose} are deleted.`, undone: 'The annotations are back.' }, annotator === undefined ? {} : { annotator })}>
          <Loss project={project.id} asked={asked} selection={selection} of="annotations" />
        </DeleteAnnotations>
      )}
      {now === 'predictions_to_annotations' && <AcceptDialog tasks={tasks} models={models} onClose={close} onAccept={(model) => start('predictions_to_annotations', acceptWords, model ? { model_version: model } : {})} />}
      {now === 'delete_tasks_predictions' && (
        <Confirm title={`Delete the predictions of ${tasks}?`} action="Delete predictions" onClose={close} onConfirm={() => start('delete_tasks_predictions', { doing: `Deleting the predictions of ${tasks}`, done: `The predictions of ${tasks} are deleted.`, undone: 'The predictions are back.' })}>
          <p>The tasks and their annotations stay. <Loss project={project.id} asked={asked} selection={selection} of="predictions" /> of all models go.</p>
          <WayBack />
        </Confirm>
      )}
      {now === 'assign' && <AssignDialog project={project} tasks={tasks} onClose={close} onAct={(action, users, names) => start(action, action === 'assign_annotators' ? { doing: `Assigning ${tasks}`, done: `${tasks} assigned to ${names}.` } : { doing: `Taking ${tasks} away`, done: `${tasks} no longer assigned to ${names}.` }, { users })} />}
    </div>
  );
}

/** What a model made of the tasks, each counted as what it is. */
function predictedWords({ done = 0, nothing = 0, failed = 0, present = 0 }: Ended): string {
  const rest = [nothing && `nothing found in ${count(nothing)}`, failed && `${count(failed)} failed`, present && `${count(present)} answered before`].filter(Boolean);
  return `${counted(done, 'task')} predicted${rest.length ? `; ${rest.join(', ')}` : ''}.`;
}

/** What hangs on the selected tasks, in words, as the server counts it. */
function Loss({ project, asked, selection, of }: { project: number; asked: TaskSelection; selection: Selection; of: 'both' | 'annotations' | 'predictions' }) {
  const totals = useQuery({ ...chosenTotalsQuery(project, asked, toChosen(selection)), enabled: selection.ids.size <= MOST_IN_ADDRESS }).data;
  const annotations = totals ? counted(totals.total_annotations, 'annotation') : 'all annotations';
  const predictions = totals ? counted(totals.total_predictions, 'prediction') : 'all predictions';
  return <b className="b">{of === 'both' ? `${annotations} and ${predictions}` : of === 'annotations' ? annotations : predictions}</b>;
}

/** An address holds no more ids than this. */
const MOST_IN_ADDRESS = 500;
