import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { Field, messageOf } from '../../ui/parts';

interface NameViewProps {
  title: string;
  button: string;
  /** What it is called until now; absent for a new view. */
  name?: string;
  /** Who sees a view that is shared; null: the person may share none. */
  audience?: string | null;
  onSave: (title: string, isPrivate: boolean) => Promise<unknown>;
  onClose: () => void;
}

/** Asks what a view shall be called, and of a new one also who sees it. */
export function NameView({ title, button, name = '', audience = t('everybody in the project'), onSave, onClose }: NameViewProps) {
  const [typed, setTyped] = useState(name);
  const [isPrivate, setPrivate] = useState(audience === null);
  const save = useMutation({ mutationFn: () => onSave(typed.trim(), isPrivate), onSuccess: onClose });
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
      <button type="submit" form="name-view" className="btn primary" disabled={!typed.trim() || save.isPending}>{button}</button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} foot={foot}>
      <form id="name-view" className="col" style={{ gap: 12 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <Field label={t('Name')} wrong={save.error ? messageOf(save.error) : undefined}>
          {(wiring) => <input {...wiring} className="input" value={typed} onChange={(event) => setTyped(event.target.value)} maxLength={60} autoFocus />}
        </Field>
        {!name && audience !== null && (
          <label className="check"><input type="checkbox" checked={isPrivate} onChange={(event) => setPrivate(event.target.checked)} />
            <span>{rich('Only for me<muted> – otherwise it stands over the table for {audience}</muted>', { audience, muted: (words) => <span className="muted">{words}</span> })}</span>
          </label>
        )}
      </form>
    </Dialog>
  );
}
