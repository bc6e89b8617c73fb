import { create } from 'zustand';

interface Overlays {
  open: 'palette' | 'keys' | 'rail' | null;
  show: (overlay: Overlays['open']) => void;
}

/** Which of the shell's own overlays is open; only one is. */
export const useOverlay = create<Overlays>((set) => ({ open: null, show: (open) => set({ open }) }));
