import { useStore } from 'zustand';
import type { Labelling, LabellingState } from './labelling.ts';

/** One part of the state, followed. Who follows all of it is drawn anew for every word about saving. */
export function usePart<K extends keyof LabellingState>(labelling: Labelling, name: K): LabellingState[K] {
  return useStore(labelling.state, (state) => state[name]);
}
