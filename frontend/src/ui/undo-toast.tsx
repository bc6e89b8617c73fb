import { useEffect, useRef, useState } from 'react';
import { t } from '../i18n/words';
import { Icon } from './icon';
import { messageOf } from './parts';

export interface Undo {
  run: () => Promise<unknown>;
  /** What is said once it is back. */
  undone: string;
}

interface UndoToastProps {
  text: string;
  undo: Undo;
  /** Whether Ctrl Z is meant for this one: the newest. */
  listens: boolean;
  onClose: () => void;
  say: (text: string, options?: { tone?: 'bad' }) => void;
}

/** How long an act can be taken back from its toast. */
export const UNDO_S = 10;

const TYPING = 'input:not([type="checkbox"]):not([type="radio"]), textarea, select, [contenteditable="true"]';

/** What was done, and the button that takes it back while its seconds run. Drawn by `Toasts`; see `offerUndo`. */
export function UndoToast({ text, undo, listens, onClose, say }: UndoToastProps) {
  const [left_s, setLeft] = useState(UNDO_S);
  const [rests, setRests] = useState(false);
  const [running, setRunning] = useState(false);
  const latest = useRef({ onClose, run: async () => undefined as void });
  latest.current = {
    onClose,
    run: async () => {
      if (running) return;
      setRunning(true);
      try {
        await undo.run();
        say(undo.undone);
      } catch (error) {
        say(t('It could not be taken back: {error}', { error: messageOf(error) }), { tone: 'bad' });
      }
      onClose();
    },
  };
  useEffect(() => {
    if (rests || running) return undefined;
    const timer = setInterval(() => setLeft((seconds) => seconds - 1), 1000);
    return () => clearInterval(timer);
  }, [rests, running]);
  useEffect(() => { if (left_s <= 0) latest.current.onClose(); }, [left_s]);
  useEffect(() => {
    if (!listens) return undefined;
    const onKey = (event: KeyboardEvent) => {
      const isUndo = event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!isUndo || event.defaultPrevented || (event.target instanceof Element && event.target.matches(TYPING))) return;
      event.preventDefault();
      void latest.current.run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [listens]);
  return (
    <div className="toast" onPointerEnter={() => setRests(true)} onPointerLeave={() => setRests(false)} onFocus={() => setRests(true)} onBlur={() => setRests(false)}>
      <span className="grow">{running ? t('Taking it back…') : text}</span>
      <button type="button" className="btn small" disabled={running} title="Ctrl Z" onClick={() => void latest.current.run()}>
        {running ? <span className="turn" /> : <Icon name="undo" />}{t('Undo')}<span className="muted undo-left" aria-hidden="true">{t('{n} s@@seconds', { n: left_s })}</span>
      </button>
      <button type="button" className="btn ghost icon small" aria-label={t('Dismiss')} onClick={onClose}><Icon name="close" /></button>
    </div>
  );
}
