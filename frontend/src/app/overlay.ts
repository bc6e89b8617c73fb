import { create } from 'zustand';

interface Overlays {
  open: 'palette' | 'keys' | 'rail' | null;
  show: (overlay: Overlays['open']) => void;
}

/** Which of the shell's own overlays is open; only one is. */
export const useOverlay = create<Overlays>((set) => ({ open: null, show: (open) => set({ open }) }));

const KEY = 'treadle.rail';

/** Whether the rail shows icons only, kept in this browser. */
export const useFold = create<{ folded: boolean; fold: (folded: boolean) => void }>((set) => ({
  folded: kept() === 'folded',
  fold: (folded) => {
    set({ folded });
    try {
      localStorage.setItem(KEY, folded ? 'folded' : 'open');
    } catch {
      // Storage is switched off: it holds until the page closes.
    }
  },
}));

function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
