import type { Editor } from '../../model/editor';
import type { Region, RegionId } from '../../model/types';
import { type Bounds, stepFrom, trimmed } from './span-bounds';
import type { TextCaret } from './text-caret';

/** What keys act on. */
export interface TextKeyTarget {
  readonly editor: Editor;
  readonly text: string;
  readonly caret: TextCaret;
  /** Spans of this text in the order they are read. */
  spans(): readonly Region[];
  spansAt(offset: number): readonly Region[];
  focusRegion(id: RegionId): void;
  mark(): boolean;
  announce(region: Region): void;
}

interface Motion {
  readonly direction: 'forward' | 'backward';
  readonly by: 'character' | 'word' | 'line' | 'lineboundary' | 'documentboundary';
}

const PAGE_LINES = 15;

/**
 * Keys of a focused text: arrows move the caret, with Shift they select; Ctrl (Alt on a Mac) goes by words; Enter marks
 * what is selected; Space selects the span at the caret; Tab and Shift+Tab walk through the spans and out at either end
 * (after Esc at once); Alt+left and Alt+right move the end of the selected span, with Shift its start, with Ctrl by words.
 */
export class TextKeys {
  readonly #target: TextKeyTarget;
  #letsTabOut = false;

  constructor(target: TextKeyTarget) {
    this.#target = target;
  }

  /** True when the key was for the text. */
  press(event: KeyboardEvent): boolean {
    if (event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) return this.#moveEdge(event);
    if (event.metaKey || event.altKey) return false;
    const motion = motionOf(event);
    if (motion !== null) return this.#move(motion, event);
    if (event.ctrlKey) return false;
    switch (event.key) {
      case 'Tab':
        return this.#walk(event.shiftKey ? -1 : 1);
      case 'Escape':
        return this.#escape();
      case 'Enter':
        return this.#target.mark();
      case ' ':
        return this.#selectAtCaret();
      default:
        return false;
    }
  }

  blur(): void {
    this.#letsTabOut = false;
  }

  #move({ direction, by }: Motion, event: KeyboardEvent): boolean {
    const isPage = event.key === 'PageUp' || event.key === 'PageDown';
    const alter = event.shiftKey ? 'extend' : 'move';
    for (let step = 0; step < (isPage ? PAGE_LINES : 1); step++) this.#target.caret.move(alter, direction, by);
    return true;
  }

  #walk(step: 1 | -1): boolean {
    const { editor } = this.#target;
    const spans = this.#target.spans().filter((region) => region.hidden !== true);
    const current = spans.findIndex((region) => editor.selection.has(region.id));
    if (current < 0 && this.#letsTabOut) return false;
    const next = spans[current < 0 ? (step === 1 ? 0 : spans.length - 1) : current + step];
    this.#letsTabOut = false;
    if (next === undefined) return false;
    editor.selection.set([next.id]);
    if (next.shape.kind === 'span') this.#target.caret.place(next.shape.start);
    this.#target.focusRegion(next.id);
    this.#target.announce(next);
    return true;
  }

  #escape(): boolean {
    const { editor, caret } = this.#target;
    this.#letsTabOut = true;
    if (caret.selected() !== null) {
      caret.collapse();
      return true;
    }
    if (editor.selection.ids().size === 0) return false;
    editor.selection.clear();
    return true;
  }

  #selectAtCaret(): boolean {
    const { editor, caret } = this.#target;
    const offset = caret.offset();
    const [shortest] = offset === null ? [] : this.#target.spansAt(offset);
    if (shortest === undefined) return true; // Space must not scroll the text away from the caret
    editor.selection.set([shortest.id]);
    this.#target.announce(shortest);
    return true;
  }

  /** One edge of the selected span, one character or word on; the span keeps at least one character. */
  #moveEdge(event: KeyboardEvent): boolean {
    const { editor, text } = this.#target;
    const region = this.#target.spans().find(({ id }) => id === editor.selection.only());
    if (region === undefined || region.shape.kind !== 'span' || region.locked === true) return true;
    const step = event.key === 'ArrowRight' ? 1 : -1;
    const by = event.ctrlKey ? 'word' : 'symbol';
    const { start, end } = region.shape;
    const wish: Bounds = event.shiftKey
      ? { start: stepFrom(text, start, step, by), end }
      : { start, end: stepFrom(text, end, step, by) };
    if (wish.start >= wish.end || trimmed(text, wish) === null) return true;
    editor.history.mark('resize span');
    editor.reshape([[region.id, { kind: 'span', ...wish }]]);
    this.#target.announce(region);
    return true;
  }
}

function motionOf({ key, ctrlKey }: KeyboardEvent): Motion | null {
  switch (key) {
    case 'ArrowLeft':
      return { direction: 'backward', by: ctrlKey ? 'word' : 'character' };
    case 'ArrowRight':
      return { direction: 'forward', by: ctrlKey ? 'word' : 'character' };
    case 'ArrowUp':
    case 'PageUp':
      return ctrlKey ? null : { direction: 'backward', by: 'line' };
    case 'ArrowDown':
    case 'PageDown':
      return ctrlKey ? null : { direction: 'forward', by: 'line' };
    case 'Home':
      return { direction: 'backward', by: ctrlKey ? 'documentboundary' : 'lineboundary' };
    case 'End':
      return { direction: 'forward', by: ctrlKey ? 'documentboundary' : 'lineboundary' };
    default:
      return null;
  }
}
