import { create } from 'zustand';
import { Icon } from './icon';

interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'bad';
  action?: { name: string; run: () => void };
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
    setTimeout(() => read().dismiss(id), (stay_s ?? (tone === 'bad' ? 3 * STAY_S : STAY_S)) * 1000);
  },
  dismiss: (id) => set({ toasts: read().toasts.filter((toast) => toast.id !== id) }),
}));

/** Says something that needs no answer. Bad news stays longer. */
export const say = (text: string, options: { tone?: Toast['tone']; action?: Toast['action']; stay_s?: number } = {}): void => {
  const { action, ...rest } = options;
  useToasts.getState().say({ text, ...rest, ...(action ? { action } : {}) });
};

export function Toasts() {
  const { toasts, dismiss } = useToasts();
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast ${toast.tone}`}>
          <span className="grow">{toast.text}</span>
          {toast.action && <button type="button" className="btn small" onClick={() => { toast.action?.run(); dismiss(toast.id); }}>{toast.action.name}</button>}
          <button type="button" className="btn ghost icon small" aria-label="Dismiss" onClick={() => dismiss(toast.id)}><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}
