import { setHidden } from '../hide';
import type { Bounds } from './span-bounds';
import type { TextDom } from './text-dom';

/**
 * The browser's own selection inside one text, with a caret that is seen (a text that cannot be edited has none).
 * Offsets are UTF-16.
 */
export class TextCaret {
  readonly element = document.createElement('div');
  readonly #dom: TextDom;
  readonly #scroller: HTMLElement;

  constructor(dom: TextDom, scroller: HTMLElement) {
    this.#dom = dom;
    this.#scroller = scroller;
    this.element.className = 'text-caret';
    this.element.hidden = true;
  }

  /** The selected text, or null when nothing of it is selected. */
  selected(): Bounds | null {
    const ends = this.#ends();
    if (ends === null || ends.anchor === ends.focus) return null;
    return { start: Math.min(ends.anchor, ends.focus), end: Math.max(ends.anchor, ends.focus) };
  }

  /** Where the caret stands, or null when it is not in this text. */
  offset(): number | null {
    return this.#ends()?.focus ?? null;
  }

  place(offset: number): void {
    const { node, offset: at } = this.#dom.pointAt(offset);
    getSelection()?.collapse(node, at);
  }

  collapse(): void {
    const offset = this.offset();
    if (offset !== null) this.place(offset);
  }

  /** Moves the caret, or the selection's end; from the first line in view when it was not in the text. */
  move(alter: 'move' | 'extend', direction: 'forward' | 'backward', by: string): void {
    const before = this.offset();
    if (before === null) {
      this.place(this.#firstInView());
      return this.show(true);
    }
    const anchor = this.#ends()!.anchor;
    if (by === 'documentboundary') this.#go(alter, anchor, direction === 'forward' ? this.#dom.text.length : 0);
    else getSelection()?.modify(alter, direction, by);
    if (this.offset() === null) this.#go(alter, anchor, before);
    this.show(true);
    this.#reveal();
  }

  /** Draws the caret where it stands, or hides it. */
  show(isShown: boolean): void {
    const offset = isShown && this.selected() === null ? this.offset() : null;
    const rect = offset === null ? null : this.#rectAt(offset);
    setHidden(this.element, rect === null);
    if (rect === null) return;
    const origin = this.element.offsetParent?.getBoundingClientRect() ?? { left: 0, top: 0 };
    this.element.style.transform = `translate(${rect.left - origin.left}px, ${rect.top - origin.top}px)`;
    this.element.style.height = `${rect.height}px`;
    this.element.style.left = this.element.style.top = '0';
    for (const animation of this.element.getAnimations()) animation.currentTime = 0;
  }

  #ends(): { anchor: number; focus: number } | null {
    const selection = getSelection();
    if (selection?.anchorNode == null || selection.focusNode === null) return null;
    const anchor = this.#dom.offsetAt(selection.anchorNode, selection.anchorOffset);
    const focus = this.#dom.offsetAt(selection.focusNode, selection.focusOffset);
    return anchor === null || focus === null ? null : { anchor, focus };
  }

  #go(alter: 'move' | 'extend', anchor: number, focus: number): void {
    if (alter === 'move') return this.place(focus);
    const [from, to] = [this.#dom.pointAt(anchor), this.#dom.pointAt(focus)];
    getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  #firstInView(): number {
    const { left, top, width } = this.#scroller.getBoundingClientRect();
    if (this.#scroller.scrollTop < 40) return 0;
    return this.#dom.offsetNear(left + Math.min(80, width / 4), top + 40) ?? 0;
  }

  /** The edge of the next character, or of the one before at the end of a line. */
  #rectAt(offset: number): { left: number; top: number; height: number } | null {
    const { text } = this.#dom;
    const isLineEnd = offset >= text.length || text[offset] === '\n' || text[offset] === '\r';
    const isLineStart = offset === 0 || text[offset - 1] === '\n';
    if (isLineEnd && !isLineStart) {
      const rect = lastRect(this.#dom.range(offset - 1, offset));
      return rect === null ? null : { left: rect.right, top: rect.top, height: rect.height };
    }
    const rect = firstRect(this.#dom.range(offset, Math.min(offset + 1, text.length)));
    if (rect !== null) return { left: rect.left, top: rect.top, height: rect.height };
    const block = this.#dom.blocks[this.#dom.blockAt(offset)]!.getBoundingClientRect();
    return { left: block.left, top: block.bottom - 24, height: 20 };
  }

  #reveal(): void {
    const offset = this.offset();
    const rect = offset === null ? null : this.#rectAt(offset);
    if (rect === null) return;
    const view = this.#scroller.getBoundingClientRect();
    const margin = Math.min(48, view.height / 4);
    if (rect.top < view.top + margin) this.#scroller.scrollTop -= view.top + margin - rect.top;
    const below = rect.top + rect.height - (view.bottom - margin);
    if (below > 0) this.#scroller.scrollTop += below;
  }
}

function firstRect(range: Range): DOMRect | null {
  return range.getClientRects()[0] ?? null;
}

function lastRect(range: Range): DOMRect | null {
  return [...range.getClientRects()].at(-1) ?? null;
}
