import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { rich } from '../i18n/rich';
import { t } from '../i18n/words';
import { Icon } from './icon';
import { messageOf, Notice } from './parts';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
  /** While true, neither Escape nor a press beside it closes the dialog. */
  busy?: boolean;
  urgent?: boolean;
  /** Only a button of `foot` closes it: what it shows cannot be seen again. */
  stays?: boolean;
}

/** A modal dialog that is open as long as it is drawn; focus comes back to where it was. */
export function Dialog({ title, onClose, children, foot, wide = false, busy = false, urgent = false, stays = false }: DialogProps) {
  const isHeld = busy || stays;
  return (
    <ModalOverlay className="veil" isOpen onOpenChange={(open) => { if (!open) onClose(); }} isDismissable={!isHeld} isKeyboardDismissDisabled={isHeld}>
      <Modal className={wide ? 'dialog wide-dialog' : 'dialog'}>
        <AriaDialog role={urgent ? 'alertdialog' : 'dialog'}>
          <header>
            <Heading slot="title" level={2}>{title}</Heading>
            {!isHeld && <button type="button" className="btn ghost icon" aria-label={t('Close')} onClick={onClose}><Icon name="close" /></button>}
          </header>
          <Content>{children}</Content>
          {foot && <footer>{foot}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

const FIELDS = 'input:not([type="hidden"], [type="file"], :disabled), select:not(:disabled), textarea:not(:disabled)';

/** What a dialog holds. The focus goes to its first field, as soon as there is one and nobody put it elsewhere. */
function Content({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const isOpening = useRef(true);
  useLayoutEffect(() => {
    const [content, dialog, at] = [place.current, place.current?.closest('[role]'), document.activeElement];
    const isNowhere = at === document.body || at === dialog; // not in a menu or a dialog over this one
    if (isOpening.current ? !content?.contains(at) : isNowhere) content?.querySelector<HTMLElement>(FIELDS)?.focus();
    isOpening.current = false;
  });
  return <div className="content" ref={place}>{children}</div>;
}

interface ConfirmProps {
  title: string;
  /** What is lost, and how many. */
  children: ReactNode;
  action: string;
  /** A word to type first, for what nobody should do by reflex. */
  typed?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is lost; stays open with the reason when the server refuses. */
export function Confirm({ title, children, action, typed, onConfirm, onClose }: ConfirmProps) {
  const [word, setWord] = useState('');
  const [running, setRunning] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async () => {
    setRunning(true);
    try {
      await onConfirm();
      onClose();
    } catch (cause) {
      setError(cause);
      setRunning(false);
    }
  };
  const isHeld = running || (typed !== undefined && word.trim() !== typed.trim());
  const foot = (
    <>
      <button type="button" className="btn ghost" onClick={onClose} disabled={running}>{t('Cancel')}</button>
      <button type="button" className="btn danger" onClick={run} disabled={isHeld}>
        {running && <span className="turn" />}{action}
      </button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} foot={foot} busy={running} urgent>
      <div className="col" style={{ gap: 10 }}>{children}</div>
      {typed !== undefined && (
        <label className="field"><span className="label">{rich('Type {word} to confirm', { word: <b className="b" style={{ color: 'var(--text)' }}>{typed}</b> })}</span>
          <input className="input" value={word} onChange={(event) => setWord(event.target.value)} onKeyDown={(event) => { if (event.key === 'Enter' && !isHeld) void run(); }} autoComplete="off" autoFocus />
        </label>
      )}
      {error !== undefined && <Notice tone="bad" live>{messageOf(error)}</Notice>}
    </Dialog>
  );
}
