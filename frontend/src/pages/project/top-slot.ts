import { create } from 'zustand';

interface TopSlot {
  /** Where a page of a project puts acts of its own, in place of the usual ones. */
  host: HTMLElement | null;
  put: (host: HTMLElement | null) => void;
}

/** The place in the bar over a project for the acts of the page that is open. */
export const useTopSlot = create<TopSlot>((set) => ({ host: null, put: (host) => set({ host }) }));
