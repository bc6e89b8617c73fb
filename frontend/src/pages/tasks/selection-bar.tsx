import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { backendsQuery } from '../../api/learning';
import { type ActionWish, chosenTotalsQuery, type TaskAction, type TaskSelection } from '../../api/tasks';
import type { Person, Project } from '../../api/types';
import { rich } from '../../i18n/rich';
import { plural, t } from '../../i18n/words';
import { Confirm } from '../../ui/dialog';
import { count } from '../../ui/format';
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
  const tasks = plural(selected, '{n} task', '{n} tasks');
  const start = async (action: TaskAction, words: Words, wish?: ActionWish) => {
    await startBulk({ project: project.id, action, chosen: toChosen(selection), asked, undone: t('It is back.'), ...words, ...(wish ? { wish } : {}) }, client);
    onSelect(NOTHING);
  };
  const acceptWords = { doing: t('Accepting the predictions of {tasks}', { tasks }), done: t('The predictions of {tasks} are annotations now.', { tasks }) };
  const accept = useMutation({ mutationFn: () => start('predictions_to_annotations', acceptWords), onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const model = useQuery({ ...backendsQuery(project.id), refetchInterval: false, staleTime: 60_000 }).data?.[0];
  const predict = useMutation({ mutationFn: () => start('retrieve_tasks_predictions', { doing: t('Predicting {tasks}', { tasks }), done: predictedWords }), onError: (error) => say(messageOf(error), { tone: 'bad' }) });
  const [hasPredictions, hasAnnotations] = [(project.total_predictions_number ?? 0) > 0, (project.total_annotations_number ?? 0) > 0];
  const close = () => onNow(null);
  const acts: Record<string, () => void> = {
    tasks: () => onNow('delete_tasks'), annotations: () => onNow('delete_tasks_annotations'), predictions: () => onNow('delete_tasks_predictions'),
    predict: () => predict.mutate(),
    accept: () => (models.length > 1 ? onNow('predictions_to_annotations') : accept.mutate()), assign: () => onNow('assign'), export: () => onExport?.(),
  };
  return (
    <div className="float-bar selection-bar" role="region" aria-label={t('Selected tasks')}>
      <b className="b" role="status">{t('{n} selected', { n: count(selected) })}{selection.all && selection.ids.size > 0 && <span className="muted wide"> {t('all but {n}', { n: count(selection.ids.size) })}</span>}</b>
      {model && <button type="button" className="btn ghost wide" title={t('{model} is asked about those that it has not answered', { model: model.title || t('The model') })} onClick={acts['predict']} disabled={predict.isPending}>{t('Predict')}</button>}
      {hasPredictions && <button type="button" className="btn ghost wide" onClick={acts['accept']} disabled={accept.isPending}>{t('Accept predictions')}</button>}
      <button type="button" className="btn ghost wide" onClick={acts['assign']}>{t('Assign…')}</button>
      {onExport && <button type="button" className="btn ghost wide" onClick={onExport}>{t('Export…')}</button>}
      <button type="button" className="btn danger-ghost" onClick={acts['tasks']}>{t('Delete…')}</button>
      {(isPhone || hasAnnotations || hasPredictions) && (
        <MenuTrigger>
          <Button className="btn ghost icon" aria-label={t('More to do with them')}><Icon name="dots" /></Button>
          <Popover placement="top end" className="menu">
            <Menu aria-label={t('More to do with the selected tasks')} style={{ outline: 'none' }} onAction={(key) => acts[String(key)]?.()}>
              {isPhone && model ? <MenuItem id="predict">{t('Predict')}</MenuItem> : null}
              {isPhone && hasPredictions ? <MenuItem id="accept">{t('Accept predictions')}</MenuItem> : null}
              {isPhone ? <MenuItem id="assign">{t('Assign…')}</MenuItem> : null}
              {isPhone && onExport ? <MenuItem id="export">{t('Export…')}</MenuItem> : null}
              {hasAnnotations ? <MenuItem id="annotations" className="danger">{t('Delete their annotations…')}</MenuItem> : null}
              {hasPredictions ? <MenuItem id="predictions" className="danger">{t('Delete their predictions…')}</MenuItem> : null}
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
      <button type="button" className="btn ghost icon" aria-label={t('Let go of the selection')} onClick={() => onSelect(NOTHING)}><Icon name="close" /></button>
      {now === 'delete_tasks' && (
        <Confirm title={t('Delete {tasks}?', { tasks })} action={t('Delete {tasks}', { tasks })} onClose={close} onConfirm={() => start('delete_tasks', { doing: t('Deleting {tasks}', { tasks }), done: t('{tasks} deleted.', { tasks }), undone: t('{tasks} are back.', { tasks }) })}>
          <p>{rich('With them go {loss}, and all drafts on them, by everybody.', { loss: <Loss project={project.id} asked={asked} selection={selection} of="both" /> })}</p>
          <WayBack />
        </Confirm>
      )}
      {now === 'delete_tasks_annotations' && (
        <DeleteAnnotations tasks={tasks} annotators={annotators} onClose={close} onDelete={(annotator, whose) => start('delete_tasks_annotations', { doing: t('Deleting the annotations of {tasks}', { tasks }), done: whose ? t('The annotations of {tasks} by {name} are deleted.', { tasks, name: whose }) : t('The annotations of {tasks} are deleted.', { tasks }), undone: t('The annotations are back.') }, annotator === undefined ? {} : { annotator })}>
          <Loss project={project.id} asked={asked} selection={selection} of="annotations" />
        </DeleteAnnotations>
      )}
      {now === 'predictions_to_annotations' && <AcceptDialog tasks={tasks} models={models} onClose={close} onAccept={(model) => start('predictions_to_annotations', acceptWords, model ? { model_version: model } : {})} />}
      {now === 'delete_tasks_predictions' && (
        <Confirm title={t('Delete the predictions of {tasks}?', { tasks })} action={t('Delete predictions')} onClose={close} onConfirm={() => start('delete_tasks_predictions', { doing: t('Deleting the predictions of {tasks}', { tasks }), done: t('The predictions of {tasks} are deleted.', { tasks }), undone: t('The predictions are back.') })}>
          <p>{rich('The tasks and their annotations stay. {loss} of all models go.', { loss: <Loss project={project.id} asked={asked} selection={selection} of="predictions" /> })}</p>
          <WayBack />
        </Confirm>
      )}
      {now === 'assign' && <AssignDialog project={project} tasks={tasks} onClose={close} onAct={(action, users, names) => start(action, action === 'assign_annotators' ? { doing: t('Assigning {tasks}', { tasks }), done: t('{tasks} assigned to {names}.', { tasks, names }) } : { doing: t('Taking {tasks} away', { tasks }), done: t('{tasks} no longer assigned to {names}.', { tasks, names }) }, { users })} />}
    </div>
  );
}

/** What a model made of the tasks, each counted as what it is. */
function predictedWords({ done = 0, nothing = 0, failed = 0, present = 0 }: Ended): string {
  const rest = [nothing && plural(nothing, 'nothing found in {n}', 'nothing found in {n}'), failed && plural(failed, '{n} failed', '{n} failed'), present && plural(present, '{n} answered before', '{n} answered before')].filter(Boolean);
  const first = plural(done, '{n} task predicted', '{n} tasks predicted');
  return `${rest.length ? `${first}; ${rest.join(', ')}` : first}.`;
}

/** What hangs on the selected tasks, in words, as the server counts it. */
function Loss({ project, asked, selection, of }: { project: number; asked: TaskSelection; selection: Selection; of: 'both' | 'annotations' | 'predictions' }) {
  const totals = useQuery({ ...chosenTotalsQuery(project, asked, toChosen(selection)), enabled: selection.ids.size <= MOST_IN_ADDRESS }).data;
  const annotations = totals ? plural(totals.total_annotations, '{n} annotation', '{n} annotations') : t('all annotations');
  const predictions = totals ? plural(totals.total_predictions, '{n} prediction', '{n} predictions') : t('all predictions');
  return <b className="b">{of === 'both' ? t('{annotations} and {predictions}', { annotations, predictions }) : of === 'annotations' ? annotations : predictions}</b>;
}

/** An address holds no more ids than this. */
const MOST_IN_ADDRESS = 500;
