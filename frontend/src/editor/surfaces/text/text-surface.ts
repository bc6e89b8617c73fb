import { t } from '../../../i18n/words';
import { findControl, findLabel, type Granularity } from '../../model/config/config';
import type { Editor } from '../../model/editor';
import { IntervalIndex } from '../../model/index/intervals';
import type { Diff, Region, RegionId } from '../../model/types';
import { setHidden } from '../hide';
import { inkOn, Palette, scoreText } from '../palette';
import { type SpanPainter, spanPainter } from './highlights';
import { spanBounds } from './span-bounds';
import { TextCaret } from './text-caret';
import { TextDom } from './text-dom';
import { TextKeys } from './text-keys';
import '../unseen.css';
import './text.css';

export interface TextSurfaceOptions {
  /** Name of the Text tag. */
  readonly objectName: string;
  readonly text: string;
  /** Of the Text tag; `granularity` says what a selection grows to. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Told in words why something that was asked for did not happen. */
  readonly onRefuse?: (message: string) => void;
}

export interface ClientPoint {
  readonly x: number;
  readonly y: number;
}

const HELP =
  t('Arrow keys move the caret, with Shift they select text, with Control they go by words. Enter or a label key marks what is selected. Space selects the span at the caret. Tab goes through the spans; Escape and then Tab leaves.');

/** Spans are painted this many views above and below what is seen, and anew after this many views of scrolling. */
const NEAR_SHARE = 1.2;
const STALE_SHARE = 1;

let surfaces = 0;

/** A text with its spans, to read and to mark. Follows the editor; holds nothing that the editor holds. */
export class TextSurface {
  readonly editor: Editor;
  readonly objectName: string;
  readonly text: string;
  /** What takes the focus, and what scrolls. */
  readonly element = document.createElement('div');

  readonly #options: TextSurfaceOptions;
  readonly #body = document.createElement('div');
  readonly #chip = document.createElement('div');
  readonly #status = document.createElement('span');
  readonly #dom: TextDom;
  readonly #caret: TextCaret;
  readonly #keys: TextKeys;
  readonly #painter: SpanPainter;
  readonly #index: IntervalIndex;
  readonly #listeners = new Set<() => void>();
  readonly #gone = new AbortController();
  #palette: Palette;
  #labels: Editor['labelState'];
  #isKeyboardUsed = false;
  #isPressed = false;
  #hadSelection = false;
  #pointed: HTMLElement | null = null;
  #frameRequest = 0;
  /** What is painted: these offsets, chosen at this scroll position. */
  #shown = { start: 0, end: 0 };
  #shownAt = 0;

  constructor(host: HTMLElement, editor: Editor, options: TextSurfaceOptions) {
    this.#options = options;
    this.editor = editor;
    this.objectName = options.objectName;
    this.text = options.text;
    this.#labels = editor.labelState;
    this.#build(host);
    this.#palette = new Palette(editor.config, this.element);
    this.#dom = new TextDom(this.text, this.#body);
    this.#caret = new TextCaret(this.#dom, this.element);
    this.#body.append(this.#chip, this.#caret.element);
    this.#index = new IntervalIndex(this.objectName, editor.store.all());
    this.#painter = spanPainter(this.#dom, this.#palette);
    this.#keys = new TextKeys({
      editor,
      text: this.text,
      caret: this.#caret,
      spans: () => this.#index.query(0, this.text.length),
      spansAt: (offset) => this.#spansAt(offset),
      focusRegion: (id) => this.focusRegion(id),
      mark: () => this.markSelection(),
      announce: (region) => this.#announce(region),
    });
    this.#listen();
    this.#showNear();
    this.#emphasise();
  }

  // ---- the face

  focus(): void {
    this.element.focus({ preventScroll: true });
  }

  /** Scrolls a span into view, if it is not. */
  focusRegion(id: RegionId): void {
    const region = this.#own(id);
    if (region?.shape.kind !== 'span') return;
    const rect = this.#dom.range(region.shape.start, region.shape.end).getBoundingClientRect();
    const view = this.element.getBoundingClientRect();
    if (rect.top >= view.top && rect.bottom <= view.bottom) return;
    const middle = rect.top + Math.min(rect.height, view.height / 2) / 2;
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    this.element.scrollBy({ top: middle - view.top - view.height / 2, behavior });
  }

  /** Whether text is selected that a label would mark. */
  hasSelection(): boolean {
    return this.#caret.selected() !== null;
  }

  /**
   * Marks the selected text with the label in hand, grown and trimmed as the config asks. True when there was a
   * selection, marked or refused with a reason: a key that asked for it then has done its work.
   */
  markSelection(): boolean {
    const selected = this.#caret.selected();
    if (selected === null) return false;
    const bounds = spanBounds(this.text, selected.start, selected.end, this.#granularity());
    if (bounds === null) {
      this.#caret.collapse(); // nothing is to be made of it: the next Enter is free to submit
      this.#refuse(t('There is nothing but space in what is selected.'));
      return true;
    }
    const region = this.editor.addRegion({ kind: 'span', ...bounds }, this.objectName);
    if (region === null) {
      this.#refuse(t('Pick a label first: what is selected stays selected.'));
      return true;
    }
    this.#caret.place(bounds.end);
    this.#announce(region);
    this.#tell();
    return true;
  }

  /** As `markSelection`, so that Enter means the same on every surface. */
  commit(): boolean {
    return this.markSelection();
  }

  /** Lets the selected text go. False when there was none. */
  cancel(): boolean {
    if (!this.hasSelection()) return false;
    this.#caret.collapse();
    return true;
  }

  isDrawing(): boolean {
    return this.hasSelection();
  }

  /** Calls `listener` when text was selected or let go. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  scroller(): HTMLElement {
    return this.element;
  }

  /** A client point inside the i-th span that is seen, in reading order. */
  spanPoint(index: number): ClientPoint | null {
    const view = this.element.getBoundingClientRect();
    let seen = -1;
    for (const { shape } of this.#spansInView(view)) {
      if (shape.kind !== 'span') continue;
      const rect = this.#dom.range(shape.start, shape.end).getClientRects()[0];
      if (rect === undefined || rect.top < view.top || rect.bottom > view.bottom || rect.width <= 2) continue;
      seen += 1;
      if (seen === index) return { x: rect.left + Math.min(6, rect.width / 2), y: rect.top + rect.height / 2 };
    }
    return null;
  }

  /** A client point at the beginning of a line in view with words enough to its right, a little down where there is one. */
  textPoint(): ClientPoint {
    const view = this.element.getBoundingClientRect();
    const from = this.#dom.offsetBelow(Math.min(view.top + 190, view.bottom - 40));
    const line = /[^\s][^\n]{39}/.exec(this.text.slice(from, from + 4000)) ?? /[^\s]/.exec(this.text);
    const start = line === null ? 0 : line.index + (line[0].length > 1 ? from : 0);
    const rect = this.#dom.range(start, Math.min(start + 1, this.text.length)).getBoundingClientRect();
    return { x: rect.left + 1, y: rect.top + rect.height / 2 };
  }

  /** Takes everything away; the host is as it was. */
  destroy(): void {
    this.#gone.abort();
    cancelAnimationFrame(this.#frameRequest);
    this.#painter.destroy();
    this.editor.selection.setHovered(null);
    this.#listeners.clear();
    this.element.remove();
  }

  // ---- making and following

  #build(host: HTMLElement): void {
    const { element } = this;
    surfaces += 1;
    const help = document.createElement('span');
    help.id = `text-surface-help-${surfaces}`;
    help.hidden = true;
    help.textContent = HELP;
    element.className = 'text-surface';
    element.tabIndex = 0;
    element.setAttribute('role', 'textbox');
    element.setAttribute('aria-readonly', 'true');
    element.setAttribute('aria-multiline', 'true');
    element.setAttribute('aria-label', t('Text {name}', { name: this.objectName }));
    element.setAttribute('aria-describedby', help.id);
    this.#body.className = 'text-body';
    this.#chip.className = 'span-chip';
    this.#chip.hidden = true;
    this.#chip.setAttribute('aria-hidden', 'true');
    this.#status.className = 'surface-unseen';
    this.#status.setAttribute('role', 'status');
    element.append(this.#body);
    host.append(element, help, this.#status);
    this.#gone.signal.addEventListener('abort', () => [help, this.#status].forEach((node) => node.remove()));
  }

  #listen(): void {
    const { signal } = this.#gone;
    const { element, editor } = this;
    element.addEventListener('mousedown', () => this.#press(), { signal });
    addEventListener('mouseup', (event) => this.#release(event), { signal });
    element.addEventListener('pointermove', (event) => this.#hover(event), { signal });
    element.addEventListener('pointerleave', () => editor.selection.setHovered(null), { signal });
    element.addEventListener('keydown', (event) => this.#keydown(event), { signal });
    element.addEventListener('focus', () => this.#useKeyboard(!this.#isPressed), { signal });
    element.addEventListener('blur', () => this.#blur(), { signal });
    document.addEventListener('selectionchange', () => this.#selectionChanged(), { signal });
    element.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    const resized = new ResizeObserver(() => this.#resized());
    resized.observe(this.#body);
    const themed = new MutationObserver(() => this.#themeChanged());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#themeChanged(), { signal });
    const off = [
      editor.store.subscribe((diff) => this.#follow(diff)),
      editor.selection.subscribe(() => this.#emphasise()),
      editor.subscribe(() => this.#labelsChanged()),
      () => resized.disconnect(),
      () => themed.disconnect(),
    ];
    signal.addEventListener('abort', () => off.forEach((stop) => stop()));
  }

  #follow(diff: Diff): void {
    this.#index.update(diff);
    for (const region of diff.removed) this.#painter.remove(region.id);
    for (const region of diff.added) if (this.#isOwn(region)) this.#painter.put(region);
    for (const [, region] of diff.updated) if (this.#isOwn(region)) this.#painter.put(region);
    this.#emphasise();
  }

  #themeChanged(): void {
    this.#palette = new Palette(this.editor.config, this.element);
    this.#painter.repaint(this.#near(), this.#palette);
    this.#emphasise();
  }

  /** A label that is taken up while text is selected marks it. */
  #labelsChanged(): void {
    const { labelState } = this.editor;
    if (labelState === this.#labels) return;
    this.#labels = labelState;
    if (labelState.tool === 'span' && labelState.active.length > 0 && this.hasSelection()) this.markSelection();
  }

  // ---- pointer

  #press(): void {
    this.#isPressed = true;
    this.#useKeyboard(false);
  }

  /** A drag with a label in hand marks; a click selects the span under it. */
  #release(event: MouseEvent): void {
    if (!this.#isPressed || event.button !== 0) return;
    this.#isPressed = false;
    if (this.hasSelection()) {
      if (this.editor.tool === 'span') this.markSelection();
      return;
    }
    const offset = this.#dom.offsetUnder(event.clientX, event.clientY);
    const [shortest] = offset === null ? [] : this.#spansAt(offset);
    const { selection } = this.editor;
    const adds = event.ctrlKey || event.metaKey || event.shiftKey;
    if (shortest === undefined) {
      if (!adds) selection.clear();
    } else if (adds) selection.toggle(shortest.id);
    else selection.set([shortest.id]);
  }

  #hover(event: PointerEvent): void {
    if (this.#isPressed || event.pointerType === 'touch' || this.#frameRequest !== 0) return;
    this.#frameRequest = requestAnimationFrame(() => {
      this.#frameRequest = 0;
      const offset = this.#dom.offsetUnder(event.clientX, event.clientY);
      const [shortest] = offset === null ? [] : this.#spansAt(offset);
      this.#pointAt(shortest === undefined ? null : this.#dom.blocks[this.#dom.blockAt(offset!)]!);
      this.editor.selection.setHovered(shortest?.id ?? null);
    });
  }

  /** Said of the block alone: a cursor is inherited, so that one of the whole text would have all of it styled anew. */
  #pointAt(block: HTMLElement | null): void {
    if (block === this.#pointed) return;
    this.#pointed?.classList.remove('is-on-span');
    block?.classList.add('is-on-span');
    this.#pointed = block;
  }

  // ---- keys, caret

  #keydown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    if (!event.key.startsWith('Control') && event.key !== 'Shift' && event.key !== 'Alt') this.#useKeyboard(true);
    const isTaken = this.#keys.press(event);
    if (event.key === 'Tab') event.stopPropagation(); // a Tab that is not for the text leaves it
    if (!isTaken) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #useKeyboard(isUsed: boolean): void {
    this.#isKeyboardUsed = isUsed;
    this.element.classList.toggle('is-key-focused', isUsed);
    this.#caret.show(isUsed && document.activeElement === this.element);
  }

  #blur(): void {
    this.#keys.blur();
    this.#caret.show(false);
  }

  /** Text that is being selected is what the next label is for, so regions are let go. */
  #selectionChanged(): void {
    const hasSelection = this.hasSelection();
    this.#caret.show(this.#isKeyboardUsed && document.activeElement === this.element);
    if (hasSelection === this.#hadSelection) return;
    this.#hadSelection = hasSelection;
    if (hasSelection) this.editor.selection.clear();
    this.#tell();
  }

  // ---- what is seen

  #emphasise(): void {
    const { selection } = this.editor;
    const selected = [...selection.ids()].flatMap((id) => this.#own(id) ?? []);
    const hovered = selection.hovered === null ? undefined : this.#own(selection.hovered);
    this.#painter.emphasise(selected, hovered ?? null);
    this.#showChip(selected.length === 1 ? selected[0]! : (hovered ?? null));
  }

  #scrolled(): void {
    const { scrollTop, clientHeight } = this.element;
    if (Math.abs(scrollTop - this.#shownAt) > clientHeight * STALE_SHARE) this.#showNear();
  }

  /** Paints the spans in and around the view. */
  #showNear(): void {
    const { top, bottom, height } = this.element.getBoundingClientRect();
    this.#shownAt = this.element.scrollTop;
    this.#shown = {
      start: this.#dom.offsetBelow(top - height * NEAR_SHARE),
      end: this.#dom.offsetBelow(bottom + height * NEAR_SHARE),
    };
    this.#painter.show(this.#shown.start, this.#shown.end, this.#near());
  }

  #near(): Region[] {
    return this.#index.query(this.#shown.start, this.#shown.end);
  }

  #resized(): void {
    this.#showNear();
    const { selection } = this.editor;
    const only = selection.only();
    this.#showChip((only === null ? null : this.#own(only)) ?? null);
    this.#caret.show(this.#isKeyboardUsed && document.activeElement === this.element);
  }

  /** The name of one span, above its first line. */
  #showChip(region: Region | null): void {
    const shape = region?.shape;
    const isShown = region !== null && shape?.kind === 'span' && region.hidden !== true;
    const rect = isShown ? this.#dom.range(shape.start, shape.end).getClientRects()[0] : undefined;
    setHidden(this.#chip, rect === undefined);
    if (rect === undefined || region === null) return;
    const { colour } = this.#palette.styleOf(region);
    const score = region.suggested && region.score !== undefined ? `  ${scoreText(region.score)}` : '';
    this.#chip.textContent = this.#palette.nameOf(region) + score;
    this.#chip.style.background = colour;
    this.#chip.style.color = inkOn(colour);
    const origin = this.#body.getBoundingClientRect();
    this.#chip.style.left = `${rect.left - origin.left - 1}px`;
    this.#chip.style.top = `${Math.max(rect.top - origin.top - 19, 0)}px`;
  }

  #announce(region: Region): void {
    const now = this.editor.store.get(region.id) ?? region;
    if (now.shape.kind !== 'span') return;
    const spans = this.#index.query(0, this.text.length);
    const place = spans.findIndex(({ id }) => id === now.id) + 1;
    const words = this.text.slice(now.shape.start, Math.min(now.shape.end, now.shape.start + 80));
    this.#status.textContent = t('{name}, {place} of {all}: {words}', { name: this.#palette.nameOf(now), place, all: spans.length, words });
  }

  #refuse(message: string): void {
    this.#status.textContent = message;
    this.#options.onRefuse?.(message);
  }

  #granularity(): Granularity {
    const [active] = this.editor.labelState.active;
    const label = active && findLabel(findControl(this.editor.config, active.fromName), active.value);
    return label?.granularity ?? (this.#options.attributes.granularity as Granularity | undefined) ?? 'symbol';
  }

  // ---- regions of this text

  #own(id: RegionId): Region | undefined {
    const region = this.editor.store.get(id);
    return region !== undefined && this.#isOwn(region) ? region : undefined;
  }

  #isOwn(region: Region): boolean {
    return region.toName === this.objectName && region.shape.kind === 'span';
  }

  #spansAt(offset: number): Region[] {
    return this.#index.at(offset).filter((region) => region.hidden !== true);
  }

  #spansInView(view: DOMRect): Region[] {
    return this.#index.query(this.#dom.offsetBelow(view.top), this.#dom.offsetBelow(view.bottom));
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
