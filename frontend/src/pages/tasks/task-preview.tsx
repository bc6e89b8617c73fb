import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { call } from '../../api/client';
import { deletionOf, restoreDeletion } from '../../api/deletions';
import { countAnew, taskQuery } from '../../api/tasks';
import type { Person, Project, TaskResult, TaskRow, WholeTask } from '../../api/types';
import { listed, plural, t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import { Failure, messageOf, Skeleton } from '../../ui/parts';
import { offerUndo, say } from '../../ui/toast';
import { LabelCounts, StatusPill } from './columns';
import { PreviewWork } from './preview-work';
import { fileNameOf, labelColours, mediaFor, statusOf, subjectOf, wordsFor } from './task-kind';
import { TaskPicture, TaskWords } from './task-picture';
import { shownResults, tallyOf } from './task-results';
import { usePhone } from './use-phone';

interface PreviewProps {
  project: Project;
  id: number;
  people: ReadonlyMap<number, Person>;
  openAddress: (task: TaskRow) => string;
  onStep: ((by: -1 | 1) => void) | undefined;
  onClose: () => void;
  /** Whether the person may delete tasks and bring versions back. */
  makes: boolean;
  onAssign: ((task: number) => void) | undefined;
}

/** What is looked at: whose work on the task, or one version of it. */
export interface Shown {
  key: string;
  results: readonly TaskResult[];
  isPredicted: boolean;
}

/** One task beside the table; a sheet over it on a phone. */
export function TaskPreview(props: PreviewProps) {
  const isPhone = usePhone();
  const name = t('Task {id}', { id: props.id });
  if (!isPhone) return <aside className="preview" aria-label={name}><Preview {...props} /></aside>;
  return (
    <ModalOverlay className="veil" isOpen isDismissable onOpenChange={(open) => { if (!open) props.onClose(); }}>
      <Modal className="dialog preview-sheet"><Dialog aria-label={name} className="preview"><Preview {...props} /></Dialog></Modal>
    </ModalOverlay>
  );
}

/** Its picture with what is drawn on it, its data, and who did what. */
function Preview({ project, id, people, openAddress, onStep, onClose, makes, onAssign }: PreviewProps) {
  const { data: task, isError, error, refetch } = useQuery(taskQuery(id));
  const [shown, setShown] = useState<Shown>();
  useEffect(() => setShown(undefined), [id]);
  const isElsewhere = task !== undefined && task.project !== project.id;
  const here = task?.id === id && !isElsewhere ? task : undefined;
  return (
    <>
      <header>
        <h2 className="mono">{id}</h2>
        {here && <StatusPill status={statusOf(here)} />}
        <span className="grow" />
        {onStep && <button type="button" className="btn ghost icon" aria-label={t('Look at the task above')} title={t('The one above (↑ in the table)')} onClick={() => onStep(-1)}><Icon name="up" /></button>}
        {onStep && <button type="button" className="btn ghost icon" aria-label={t('Look at the task below')} title={t('The one below (↓ in the table)')} onClick={() => onStep(1)}><Icon name="down" /></button>}
        <button type="button" className="btn ghost icon" aria-label={t('Close')} title={t('Close (Esc in the table)')} onClick={onClose}><Icon name="close" /></button>
      </header>
      <div className="preview-body" tabIndex={0} role="region" aria-label={t('What is known of task {id}', { id })}>
        {isError && <Failure error={error} retry={() => void refetch()} what={t('Task {id}', { id })} />}
        {isElsewhere && <p className="two">{t('Task {id} belongs to another project.', { id })}</p>}
        {!here && !isError && !isElsewhere && <><Skeleton width="100%" height={240} /><Skeleton width="60%" /><Skeleton width="40%" /></>}
        {here && <Body project={project} task={here} people={people} shown={shown} onShow={setShown} openAddress={openAddress} makes={makes} />}
      </div>
      {here && (
        <footer>
          <a className="btn" href={openAddress(here)}>{t('Open@@a task')} <kbd className="wide">Enter</kbd></a>
          {onAssign && <button type="button" className="btn ghost" onClick={() => onAssign(id)}>{t('Assign…')}</button>}
          <Link className="btn ghost" to="/lineage" search={{ node: `task:${id}` }}>{t('Lineage')}</Link>
          <span className="grow" />
          {makes && <DeleteTask task={here} onGone={onClose} />}
        </footer>
      )}
    </>
  );
}

interface BodyProps extends Pick<PreviewProps, 'project' | 'people' | 'makes' | 'openAddress'> {
  task: WholeTask;
  shown: Shown | undefined;
  onShow: (shown: Shown) => void;
}

const MOST_WORDS = 1200;

function Body({ project, task, people, shown, onShow, makes, openAddress }: BodyProps) {
  const subject = subjectOf(project);
  const colours = labelColours(project);
  const usual = shownResults(task);
  const { results, isPredicted } = shown ?? usual;
  const tally = tallyOf(results);
  const media = mediaFor(task, subject);
  return (
    <>
      {subject.kind === 'picture'
        ? <a href={openAddress(task)} tabIndex={-1} aria-hidden="true"><TaskPicture address={media} results={results} isPredicted={isPredicted} colours={colours} fit="contain" alt="" stroke={2} /></a>
        : <p className="preview-words"><TaskWords text={wordsFor(task, subject)} results={results} isPredicted={isPredicted} colours={colours} most={MOST_WORDS} /></p>}
      {Object.keys(tally).length > 0 && <LabelCounts labels={tally} colours={colours} />}
      <PreviewWork task={task} people={people} shownKey={shown?.key} onShow={onShow} makes={makes} />
      <section className="sec" aria-label={t('Data')}>
        <h3>{t('Data')}</h3>
        <dl className="kv">
          {subject.kind === 'picture' && fileNameOf(task, subject) && <><dt>{t('File')}</dt><dd>{fileNameOf(task, subject)}</dd></>}
          {Object.entries(task.data).filter(([key]) => key !== subject.key).map(([key, value]) => <DataField key={key} name={key} value={value} />)}
        </dl>
      </section>
    </>
  );
}

const DataField = ({ name, value }: { name: string; value: unknown }) => {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return <><dt className="cut" title={name}>{name}</dt><dd>{/^https?:\/\/\S+$/.test(text) ? <a className="link" href={text} target="_blank" rel="noreferrer">{text}</a> : text}</dd></>;
};

/** Deletes at once, with ten seconds to take it back. */
function DeleteTask({ task, onGone }: { task: WholeTask; onGone: () => void }) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const refresh = () => (countAnew(), Promise.all(['tasks', 'project', 'projects', 'deletions'].map((key) => client.invalidateQueries({ queryKey: [key] }))));
  const [annotations, drafts, predictions] = [task.annotations.length, task.drafts.length, task.predictions.length];
  const lost = [
    ...(annotations > 0 ? [plural(annotations, '{n} annotation', '{n} annotations')] : []), ...(drafts > 0 ? [plural(drafts, '{n} draft', '{n} drafts')] : []),
    ...(predictions > 0 ? [plural(predictions, '{n} prediction', '{n} predictions')] : []),
  ];
  const remove = async () => {
    setBusy(true);
    try {
      const { headers } = await call('DELETE', `api/tasks/${task.id}/`);
      const deletion = deletionOf(headers);
      onGone();
      await refresh();
      const gone = lost.length > 0 ? t('Task {id} is deleted, and with it {lost}.', { id: task.id, lost: listed(lost) }) : t('Task {id} is deleted.', { id: task.id });
      if (deletion) offerUndo(gone, async () => { await restoreDeletion(deletion); await refresh(); }, t('Task {id} is back.', { id: task.id }));
      else say(gone);
    } catch (error) {
      say(messageOf(error), { tone: 'bad' });
      setBusy(false);
    }
  };
  return <button type="button" className="btn danger-ghost" disabled={isBusy} title={lost.length > 0 ? t('With it go {lost}', { lost: listed(lost) }) : undefined} onClick={() => void remove()}>{t('Delete')}</button>;
}
