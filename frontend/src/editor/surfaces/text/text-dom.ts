/** A block of text is at least this long and ends at a line's end; a change paints its blocks anew. UTF-16 units. */
const BLOCK_LENGTH = 200;

/** Where the blocks of a text begin; the last item is its length. A line longer than a block stays whole. */
export function blockStarts(text: string, length = BLOCK_LENGTH): number[] {
  const starts = [0];
  let from = 0;
  while (text.length - from > length) {
    const lineEnd = text.indexOf('\n', from + length - 1);
    if (lineEnd < 0 || lineEnd + 1 >= text.length) break;
    from = lineEnd + 1;
    starts.push(from);
  }
  starts.push(text.length);
  return starts;
}

export interface DomPoint {
  readonly node: Node;
  readonly offset: number;
}

/** A text as blocks of the page, and the way between its offsets (UTF-16) and points of the page. */
export class TextDom {
  readonly text: string;
  readonly blocks: readonly HTMLElement[];
  readonly #starts: readonly number[];
  readonly #numbers = new Map<Node, number>();

  constructor(text: string, parent: HTMLElement) {
    this.text = text;
    this.#starts = blockStarts(text);
    this.blocks = this.#starts.slice(0, -1).map((_, index) => {
      const block = document.createElement('div');
      block.className = 'text-block';
      block.append(this.blockText(index));
      this.#numbers.set(block, index);
      return block;
    });
    parent.append(...this.blocks);
  }

  startOf(block: number): number {
    return this.#starts[block]!;
  }

  blockText(block: number): string {
    return this.text.slice(this.#starts[block]!, this.#starts[block + 1]!);
  }

  /** The block that holds the character at an offset; the last one at the text's end. */
  blockAt(offset: number): number {
    let [low, high] = [0, this.blocks.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  pointAt(offset: number): DomPoint {
    const block = this.blockAt(offset);
    const element = this.blocks[block]!;
    let left = Math.min(Math.max(offset, 0), this.text.length) - this.#starts[block]!;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    let node = walker.nextNode();
    while (node !== null && left > (node as Text).data.length) {
      left -= (node as Text).data.length;
      node = walker.nextNode();
    }
    return node === null ? { node: element, offset: 0 } : { node, offset: left };
  }

  /** Null for a point outside the text. */
  offsetAt(node: Node, offset: number): number | null {
    const block = this.#blockOf(node);
    if (block === null) return null;
    const element = this.blocks[block]!;
    if (node.nodeType === Node.TEXT_NODE && node.parentNode === element && element.childNodes.length === 1) {
      return this.#starts[block]! + offset;
    }
    const before = document.createRange();
    before.setStart(element, 0);
    before.setEnd(node, offset);
    return this.#starts[block]! + before.toString().length;
  }

  /** A range of the page, for measuring. */
  range(start: number, end: number): Range {
    const range = document.createRange();
    const [from, to] = [this.pointAt(start), this.pointAt(end)];
    range.setStart(from.node, from.offset);
    range.setEnd(to.node, to.offset);
    return range;
  }

  /**
   * The first offset whose line ends below a client height, seen or not: by measuring lines, which is far cheaper
   * than asking what lies at a point.
   */
  offsetBelow(clientY: number): number {
    const block = firstWhere(this.blocks.length, (index) => this.blocks[index]!.getBoundingClientRect().bottom > clientY);
    if (block === this.blocks.length) return this.text.length;
    const from = this.#starts[block]!;
    const length = this.#starts[block + 1]! - from;
    return from + firstWhere(length, (index) => this.#bottomOf(from + index) > clientY);
  }

  /** The offset whose character lies under a client point, or null beside the text. */
  offsetUnder(clientX: number, clientY: number): number | null {
    const offset = this.offsetNear(clientX, clientY);
    if (offset === null) return null;
    const isOn = (at: number): boolean =>
      at >= 0 &&
      at < this.text.length &&
      [...this.range(at, at + 1).getClientRects()].some(
        ({ left, right, top, bottom }) => clientX >= left && clientX <= right && clientY >= top && clientY <= bottom,
      );
    if (isOn(offset)) return offset;
    return isOn(offset - 1) ? offset - 1 : null;
  }

  /** The caret position nearest to a client point. */
  offsetNear(clientX: number, clientY: number): number | null {
    const point = caretFrom(clientX, clientY);
    return point === null ? null : this.offsetAt(point.node, point.offset);
  }

  #bottomOf(offset: number): number {
    const rects = this.range(offset, offset + 1).getClientRects();
    return rects[rects.length - 1]?.bottom ?? -Infinity;
  }

  #blockOf(node: Node): number | null {
    for (let at: Node | null = node; at !== null; at = at.parentNode) {
      const block = this.#numbers.get(at);
      if (block !== undefined) return block;
    }
    return null;
  }
}

/** The first index for which something holds that holds for all after it; `count` when it holds for none. */
function firstWhere(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The standard call, and the older one that Safari still needs. */
function caretFrom(clientX: number, clientY: number): DomPoint | null {
  if (typeof document.caretPositionFromPoint === 'function') {
    const position = document.caretPositionFromPoint(clientX, clientY);
    return position === null ? null : { node: position.offsetNode, offset: position.offset };
  }
  const range = (document as { caretRangeFromPoint?(x: number, y: number): Range | null }).caretRangeFromPoint?.(
    clientX,
    clientY,
  );
  return range ? { node: range.startContainer, offset: range.startOffset } : null;
}
