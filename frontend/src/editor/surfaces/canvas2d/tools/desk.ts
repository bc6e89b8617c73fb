import { Editor } from '../../../model/editor';
import { findControl } from '../../../model/config/config';
import { parseConfig } from '../../../model/config/parse';
import type { Box, Region, Shape } from '../../../model/types';
import { reachOf } from '../active-scene';
import { settle } from '../keyboard-shapes';
import { RegionView } from '../region-view';
import type { Draft, Stage, Tool, ToolPointer } from './tool';

const CONFIG = `<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/></RectangleLabels>
  <PolygonLabels name="area" toName="img"><Label value="Road"/></PolygonLabels>
  <EllipseLabels name="oval" toName="img"><Label value="Sign"/></EllipseLabels>
  <KeyPointLabels name="dot" toName="img"><Label value="Nose"/></KeyPointLabels>
  <RectangleLabels name="grid" toName="img" snap="pixel"><Label value="Cell"/></RectangleLabels>
</View>`;

/** A picture of 400 x 300 px for tests of tools: a real editor, no page. The camera shows picture pixels at `zoom`. */
export class Desk implements Stage {
  readonly editor = new Editor(parseConfig(CONFIG));
  readonly objectName = 'img';
  readonly size = { width: 400, height: 300 };
  zoom = 1;
  draft: Draft | null = null;
  marquee: Box | null = null;
  pickedVertex: number | null = null;
  panned = { dx: 0, dy: 0 };
  refusals: string[] = [];
  #views: RegionView | null = null;

  constructor() {
    this.editor.load([], [], new Map([['img', this.size]]), new Map());
    this.editor.store.subscribe(() => (this.#views = null));
  }

  scale(): number {
    return this.zoom;
  }

  regionsAt(x: number, y: number, tolerance: number): Region[] {
    return this.#view.at(x, y, tolerance);
  }

  regionsWithin(box: Box): Region[] {
    return this.#view.within(box);
  }

  reachOf(region: Region, isTouch: boolean): ReturnType<Stage['reachOf']> {
    return reachOf(region, { editor: this.editor, scale: this.zoom }, isTouch);
  }

  setDraft(draft: Draft | null): void {
    this.draft = draft;
  }

  setMarquee(box: Box | null): void {
    this.marquee = box;
  }

  panBy(dx: number, dy: number): void {
    this.panned = { dx: this.panned.dx + dx, dy: this.panned.dy + dy };
  }

  snaps(fromName: string): boolean {
    return findControl(this.editor.config, fromName)?.attributes.snap === 'pixel';
  }

  add(shape: Shape): Region | null {
    const region = this.editor.addRegion(settle(shape, this.size), this.objectName);
    if (region === null) this.refuse('no label');
    return region;
  }

  refuse(message: string): void {
    this.refusals.push(message);
  }

  /** Draws a box between two corners without any tool. */
  box(x: number, y: number, width: number, height: number, rotation = 0): Region {
    return this.editor.addRegion({ kind: 'rectangle', x, y, width, height, rotation }, 'img')!;
  }

  shape(region: Region): Shape {
    return this.editor.store.get(region.id)!.shape;
  }

  shapes(): Shape[] {
    return this.editor.store.all().map(({ shape }) => shape);
  }

  get #view(): RegionView {
    return (this.#views ??= new RegionView(this.editor, this.objectName));
  }
}

type Keys = Partial<Pick<ToolPointer, 'shift' | 'ctrl' | 'alt' | 'isTouch' | 'isDouble'>>;

/** A pointer over the desk, picture pixels. */
export function pointer(desk: Desk, x: number, y: number, keys: Keys = {}): ToolPointer {
  return {
    x, y, viewX: x * desk.zoom, viewY: y * desk.zoom,
    shift: false, ctrl: false, alt: false, isTouch: false, isDouble: false, ...keys,
  };
}

/** A person's hand on one tool. */
export class Hand {
  readonly #desk: Desk;
  readonly #tool: Tool;

  constructor(desk: Desk, tool: Tool) {
    this.#desk = desk;
    this.#tool = tool;
  }

  press(x: number, y: number, keys: Keys = {}): void {
    this.#tool.press(pointer(this.#desk, x, y, keys));
  }

  drag(x: number, y: number, keys: Keys = {}): void {
    this.#tool.drag(pointer(this.#desk, x, y, keys));
  }

  release(x: number, y: number, keys: Keys = {}): void {
    this.#tool.release(pointer(this.#desk, x, y, keys));
  }

  hover(x: number, y: number): void {
    this.#tool.hover(pointer(this.#desk, x, y));
  }

  click(x: number, y: number, keys: Keys = {}): void {
    this.press(x, y, keys);
    this.release(x, y, { ...keys, isDouble: false });
  }

  /** Press, drag in two moves, release. */
  pull(from: readonly [number, number], to: readonly [number, number], keys: Keys = {}): void {
    this.press(...from, keys);
    this.drag((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, keys);
    this.drag(...to, keys);
    this.release(...to, keys);
  }
}
