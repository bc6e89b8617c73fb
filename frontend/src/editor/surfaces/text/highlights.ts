import type { Region, RegionId } from '../../model/types';
import type { Palette, RegionStyle } from '../palette';
import type { TextDom } from './text-dom';

/** Shows spans in a text. Two ways: the CSS Custom Highlight API where there is one, else `mark` elements. */
export interface SpanPainter {
  put(region: Region): void;
  remove(id: RegionId): void;
  /** Only spans that touch these offsets need to be shown; `regions` are those. */
  show(start: number, end: number, regions: readonly Region[]): void;
  /** What is selected and pointed at now. */
  emphasise(selected: readonly Region[], hovered: Region | null): void;
  /** Colours changed; `regions` are those to show. */
  repaint(regions: readonly Region[], palette: Palette): void;
  destroy(): void;
}

export function spanPainter(dom: TextDom, palette: Palette): SpanPainter {
  return isHighlightKnown() ? new HighlightPainter(dom, palette) : new MarkPainter(dom, palette);
}

function isHighlightKnown(): boolean {
  return typeof CSS !== 'undefined' && 'highlights' in CSS && typeof Highlight === 'function';
}

/** Declarations for one style, at rest or emphasised. Dashed: a suggestion. */
function declarations(style: RegionStyle, emphasis: 'none' | 'hovered' | 'selected'): string {
  const share = { none: style.isDashed ? 8 : 20, hovered: 30, selected: 42 }[emphasis];
  const line = `${emphasis === 'selected' ? 3 : 2}px`;
  return (
    `background-color: color-mix(in srgb, ${style.colour} ${share}%, transparent); ` +
    `text-decoration: underline ${style.isDashed ? 'dashed' : 'solid'} ${style.colour} ${line};`
  );
}

/** With more styles than this, those that are not used would cost more than those that come late. */
const MOST_PREPARED = 24;

let painters = 0;

/**
 * One Highlight for each style; the text's nodes are never touched. Holds only the ranges near what is seen:
 * the browser looks at all of them whenever anything on the page changes (measured: 1,000 ranges, 12 ms).
 */
class HighlightPainter implements SpanPainter {
  readonly #dom: TextDom;
  readonly #prefix: string;
  readonly #sheet = new CSSStyleSheet();
  readonly #highlights = new Map<string, Highlight>();
  readonly #ranges = new Map<RegionId, { readonly highlight: Highlight; readonly range: AbstractRange }>();
  #palette: Palette;
  #start = 0;
  #end = 0;

  constructor(dom: TextDom, palette: Palette) {
    this.#dom = dom;
    this.#palette = palette;
    painters += 1;
    this.#prefix = `spans-${painters}`;
    this.#prepare();
    document.adoptedStyleSheets.push(this.#sheet);
  }

  put(region: Region): void {
    this.remove(region.id);
    const range = this.#isNear(region) ? this.#rangeOf(region) : null;
    if (range === null || region.hidden === true) return;
    const highlight = this.#highlightOf(this.#palette.styleOf(region), 'none');
    highlight.add(range);
    this.#ranges.set(region.id, { highlight, range });
  }

  remove(id: RegionId): void {
    const placed = this.#ranges.get(id);
    placed?.highlight.delete(placed.range);
    this.#ranges.delete(id);
  }

  show(start: number, end: number, regions: readonly Region[]): void {
    this.#start = start;
    this.#end = end;
    const near = new Set(regions.map(({ id }) => id));
    for (const id of [...this.#ranges.keys()]) if (!near.has(id)) this.remove(id);
    for (const region of regions) if (!this.#ranges.has(region.id)) this.put(region);
  }

  emphasise(selected: readonly Region[], hovered: Region | null): void {
    for (const [key, highlight] of this.#highlights) if (!key.startsWith('none ')) highlight.clear();
    for (const region of selected) this.#emphasiseOne(region, 'selected');
    if (hovered !== null && !selected.includes(hovered)) this.#emphasiseOne(hovered, 'hovered');
  }

  repaint(regions: readonly Region[], palette: Palette): void {
    this.#palette = palette;
    this.#forgetHighlights();
    this.#prepare();
    for (const region of regions) this.put(region);
  }

  destroy(): void {
    this.#forgetHighlights();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
  }

  #emphasiseOne(region: Region, emphasis: 'hovered' | 'selected'): void {
    const range = this.#rangeOf(region);
    if (range !== null && region.hidden !== true) this.#highlightOf(this.#palette.styleOf(region), emphasis).add(range);
  }

  #highlightOf(style: RegionStyle, emphasis: 'none' | 'hovered' | 'selected'): Highlight {
    const key = `${emphasis} ${style.key}`;
    let highlight = this.#highlights.get(key);
    if (highlight !== undefined) return highlight;
    highlight = new Highlight();
    highlight.priority = { none: 0, hovered: 1, selected: 2 }[emphasis];
    const name = `${this.#prefix}-${this.#highlights.size}`;
    this.#highlights.set(key, highlight);
    CSS.highlights.set(name, highlight);
    // Of the blocks alone: a rule for every element is looked up for every element.
    this.#sheet.insertRule(`.text-block::highlight(${name}) { ${declarations(style, emphasis)} }`, this.#sheet.cssRules.length);
    return highlight;
  }

  /** A rule that comes later has the browser style the text anew: 8 ms in the middle of a drag. */
  #prepare(): void {
    const styles = this.#palette.spanStyles();
    if (styles.length > MOST_PREPARED) return;
    for (const style of styles) for (const emphasis of ['none', 'hovered', 'selected'] as const) this.#highlightOf(style, emphasis);
  }

  #forgetHighlights(): void {
    for (let index = 0; index < this.#highlights.size; index++) CSS.highlights.delete(`${this.#prefix}-${index}`);
    this.#highlights.clear();
    this.#ranges.clear();
    this.#sheet.replaceSync('');
  }

  #isNear({ shape }: Region): boolean {
    return shape.kind === 'span' && shape.start <= this.#end && shape.end >= this.#start;
  }

  #rangeOf({ shape }: Region): StaticRange | null {
    if (shape.kind !== 'span' || shape.end > this.#dom.text.length || shape.start >= shape.end) return null;
    const [from, to] = [this.#dom.pointAt(shape.start), this.#dom.pointAt(shape.end)];
    return new StaticRange({
      startContainer: from.node, startOffset: from.offset, endContainer: to.node, endOffset: to.offset,
    });
  }
}

/** Splits the blocks it touches into `mark` elements; where spans overlap, the later one is seen. */
class MarkPainter implements SpanPainter {
  readonly #dom: TextDom;
  readonly #regions = new Map<RegionId, Region>();
  readonly #stale = new Set<number>();
  #palette: Palette;
  #selected: readonly Region[] = [];
  #hovered: Region | null = null;
  #isScheduled = false;

  constructor(dom: TextDom, palette: Palette) {
    this.#dom = dom;
    this.#palette = palette;
  }

  put(region: Region): void {
    this.remove(region.id);
    if (region.hidden === true) return;
    this.#regions.set(region.id, region);
    this.#touch(region);
  }

  remove(id: RegionId): void {
    const region = this.#regions.get(id);
    if (region !== undefined) this.#touch(region);
    this.#regions.delete(id);
  }

  show(_start: number, _end: number, regions: readonly Region[]): void {
    for (const region of regions) if (!this.#regions.has(region.id)) this.put(region);
  }

  emphasise(selected: readonly Region[], hovered: Region | null): void {
    for (const region of [...this.#selected, ...selected]) this.#touch(region);
    for (const region of [this.#hovered, hovered]) if (region !== null && region !== undefined) this.#touch(region);
    this.#selected = selected;
    this.#hovered = hovered;
  }

  repaint(regions: readonly Region[], palette: Palette): void {
    this.#palette = palette;
    for (const region of regions) this.put(region);
  }

  destroy(): void {
    this.#regions.clear();
  }

  #touch({ shape }: Region): void {
    if (shape.kind !== 'span') return;
    for (let block = this.#dom.blockAt(shape.start); block <= this.#dom.blockAt(shape.end); block++) this.#stale.add(block);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#paintStale());
  }

  #paintStale(): void {
    this.#isScheduled = false;
    for (const block of this.#stale) this.#dom.blocks[block]!.replaceChildren(...this.#pieces(block));
    this.#stale.clear();
  }

  #pieces(block: number): Array<string | HTMLElement> {
    const text = this.#dom.blockText(block);
    const from = this.#dom.startOf(block);
    const spans = [...this.#regions.values()].filter(
      ({ shape }) => shape.kind === 'span' && shape.start < from + text.length && shape.end > from,
    );
    const cuts = new Set([0, text.length]);
    for (const { shape } of spans) {
      if (shape.kind !== 'span') continue;
      cuts.add(Math.max(shape.start - from, 0)).add(Math.min(shape.end - from, text.length));
    }
    const sorted = [...cuts].sort((a, b) => a - b);
    return sorted.slice(0, -1).map((start, index) => {
      const piece = text.slice(start, sorted[index + 1]);
      const top = spans.findLast(({ shape }) => shape.kind === 'span' && shape.start <= from + start && shape.end > from + start);
      return top === undefined ? piece : this.#mark(piece, top);
    });
  }

  #mark(text: string, region: Region): HTMLElement {
    const mark = document.createElement('mark');
    const isSelected = this.#selected.some(({ id }) => id === region.id);
    const emphasis = isSelected ? 'selected' : this.#hovered?.id === region.id ? 'hovered' : 'none';
    mark.style.cssText = `color: inherit; ${declarations(this.#palette.styleOf(region), emphasis)}`;
    mark.textContent = text;
    return mark;
  }
}
