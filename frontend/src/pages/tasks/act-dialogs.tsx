import { type ReactNode, useState } from 'react';
import { nameOf } from '../../api/session';
import type { Person } from '../../api/types';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Confirm, Dialog } from '../../ui/dialog';
import { Field, messageOf, Notice } from '../../ui/parts';

export const WayBack = () => <p className="two">{t('You can undo this for 10 seconds, and restore it for 30 days.')}</p>;

interface DeleteProps {
  /** "12 tasks" */
  tasks: string;
  annotators: readonly Person[];
  /** How many annotations there are, in words. */
  children: ReactNode;
  /** `whose`: the person's name, or nothing for everybody's. */
  onDelete: (annotator: number | undefined, whose: string) => Promise<unknown>;
  onClose: () => void;
}

/** Asks before annotations are deleted; where several people made some, also whose. */
export function DeleteAnnotations({ tasks, annotators, children, onDelete, onClose }: DeleteProps) {
  const [id, setId] = useState('');
  const person = annotators.find((each) => String(each.id) === id);
  return (
    <Confirm title={t('Delete the annotations of {tasks}?', { tasks })} action={t('Delete annotations')} onClose={onClose} onConfirm={() => onDelete(person?.id, person ? nameOf(person) : '')}>
      {annotators.length > 1 && (
        <Field label={t('Whose')}>{(wiring) => (
          <select {...wiring} className="input" value={id} onChange={(event) => setId(event.target.value)}>
            <option value="">{t('Everybody’s')}</option>
            {annotators.map((each) => <option key={each.id} value={each.id}>{nameOf(each)}</option>)}
          </select>
        )}</Field>
      )}
      <p>{person
        ? rich('The tasks stay and are to be labelled again. <b>All annotations by {name}</b> go.', { name: nameOf(person), b: (words) => <b className="b">{words}</b> })
        : rich('The tasks stay and are to be labelled again. {annotations} by everybody go.', { annotations: children })}</p>
      <WayBack />
    </Confirm>
  );
}

interface AcceptProps {
  tasks: string;
  models: readonly string[];
  onAccept: (model: string | undefined) => Promise<unknown>;
  onClose: () => void;
}

/** Asks which model's predictions become annotations, where there are several. */
export function AcceptDialog({ tasks, models, onAccept, onClose }: AcceptProps) {
  const [model, setModel] = useState('');
  const [error, setError] = useState<unknown>();
  const [running, setRunning] = useState(false);
  const run = async () => {
    setRunning(true);
    try {
      await onAccept(model || undefined);
      onClose();
    } catch (cause) {
      setError(cause);
      setRunning(false);
    }
  };
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose} disabled={running}>{t('Cancel')}</button>
      <button type="button" className="btn primary" onClick={() => void run()} disabled={running}>{running && <span className="turn" />}{t('Accept predictions')}</button>
    </>
  );
  return (
    <Dialog title={t('Accept the predictions of {tasks}', { tasks })} onClose={onClose} foot={foot} busy={running}>
      <Field label={t('Of which model')} hint={t('Each becomes an annotation of yours.')}>{(wiring) => (
        <select {...wiring} className="input" value={model} onChange={(event) => setModel(event.target.value)}>
          <option value="">{t('The newest prediction of each task')}</option>
          {models.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      )}</Field>
      {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
    </Dialog>
  );
}
