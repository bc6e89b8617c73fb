import { useCallback, useSyncExternalStore } from 'react';
import type { Editor } from '../model/editor.ts';

/** While a shape is dragged the editor changes with every frame; lists and forms follow at this pace. */
const PACE_MS = 100;

/** Tells listeners of an editor's changes: in the next frame after a rest, else at the pace. */
class Pacer {
  readonly #listeners = new Set<() => void>();
  #lastAt = -Infinity;
  #isDue = false;

  constructor(editor: Editor) {
    editor.subscribe(() => this.#plan());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #plan(): void {
    if (this.#isDue || this.#listeners.size === 0) return;
    this.#isDue = true;
    const wait = this.#lastAt + PACE_MS - performance.now();
    if (wait <= 0) requestAnimationFrame(this.#tell);
    else setTimeout(this.#tell, wait);
  }

  #tell = (): void => {
    this.#isDue = false;
    this.#lastAt = performance.now();
    for (const listener of [...this.#listeners]) listener();
  };
}

const pacers = new WeakMap<Editor, Pacer>();

function pacerOf(editor: Editor): Pacer {
  let pacer = pacers.get(editor);
  if (!pacer) pacers.set(editor, (pacer = new Pacer(editor)));
  return pacer;
}

/** A value of the editor, followed. `read` gives the same object until something changed (as the editor's own lists do). */
export function useEditor<T>(editor: Editor, read: (editor: Editor) => T): T {
  const subscribe = useCallback((listener: () => void) => pacerOf(editor).subscribe(listener), [editor]);
  return useSyncExternalStore(subscribe, () => read(editor));
}
