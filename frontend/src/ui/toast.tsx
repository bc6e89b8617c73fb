import { create } from 'zustand';
import { t } from '../i18n/words';
import { Icon } from './icon';
import { type Undo, UndoToast } from './undo-toast';

interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action?: { name: string; run: () => void };
  undo?: Undo;
}

interface ToastState {
  toasts: Toast[];
  say: (toast: Omit<Toast, 'id' | 'tone'> & { tone?: Toast['tone']; stay_s?: number }) => void;
  dismiss: (id: number) => void;
}

const STAY_S = 6;
let last = 0;

export const useToasts = create<ToastState>((set, read) => ({
  toasts: [],
  say: ({ stay_s, tone = 'plain', ...toast }) => {
    const id = ++last;
    set({ toasts: [...read().toasts, { ...toast, tone, id }] });
    if (toast.undo) return; // that one counts its own seconds, since they rest while somebody is on it
    setTimeout(() => read().dismiss(id), (stay_s ?? (tone === 'bad' ? 3 * STAY_S : STAY_S)) * 1000);
  },
  dismiss: (id) => set({ toasts: read().toasts.filter((toast) => toast.id !== id) }),
}));

/** Says something that needs no answer. Bad news stays longer. */
export const say = (text: string, options: { tone?: Toast['tone']; action?: Toast['action']; stay_s?: number } = {}): void => {
  const { action, ...rest } = options;
  useToasts.getState().say({ text, ...rest, ...(action ? { action } : {}) });
};

/** The browser refused to copy: it asks for leave, or the page has not the focus. */
export const sayNotCopied = (): void => say(t('The browser did not let it be copied. Mark the text and copy it yourself.'), { tone: 'bad' });

/**
 * Says what was deleted and offers to take it back for 10 seconds: a button with the seconds left, or Ctrl Z.
 * The seconds rest while the pointer or the focus is on it. `undo` brings it back and refreshes what shows it;
 * while it runs the toast says so, then `undone`, or why it failed. Where something was deleted on the server,
 * `undo` is `() => restoreDeletion(id)` of api/deletions, which also waits for a long restore.
 */
export const offerUndo = (said: string, undo: () => Promise<unknown>, undone = t('It is back.')): void =>
  useToasts.getState().say({ text: said, undo: { run: undo, undone } });

export function Toasts() {
  const { toasts, dismiss } = useToasts();
  const newestUndo = toasts.findLast((toast) => toast.undo)?.id;
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone, action, undo }) => (undo
        ? <UndoToast key={id} text={text} undo={undo} listens={id === newestUndo} onClose={() => dismiss(id)} say={say} />
        : (
          <div key={id} className={`toast ${tone}`}>
            <span className="grow">{text}</span>
            {action && <button type="button" className="btn small" onClick={() => { action.run(); dismiss(id); }}>{action.name}</button>}
            <button type="button" className="btn ghost icon small" aria-label={t('Dismiss')} onClick={() => dismiss(id)}><Icon name="close" /></button>
          </div>
        )))}
    </div>
  );
}
