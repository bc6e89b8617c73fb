import type { Point } from '../../../model/types';
import { clampPoint } from '../clamp';
import { type FramedShape, SHORTEST_SIDE, shapeBetween } from '../geometry';
import { isDragged, type Stage, type Tool, type ToolPointer } from './tool';

type State =
  | { readonly kind: 'idle' }
  /** Pressed, and not yet known whether this is a drag or the first of two clicks. */
  | { readonly kind: 'pressed'; readonly from: Point; readonly at: ToolPointer }
  | { readonly kind: 'dragging'; readonly from: Point; readonly at: ToolPointer }
  /** The first click is done; the second one ends the box. */
  | { readonly kind: 'anchored'; readonly from: Point; readonly at: ToolPointer }
  | { readonly kind: 'closing'; readonly from: Point; readonly at: ToolPointer };

/** CSS px: a box thinner than this was no box. */
const THINNEST = 2;

/** Rectangles and ellipses: drag from corner to corner, or click twice. Shift makes it as high as wide. */
export class BoxTool implements Tool {
  readonly #stage: Stage;
  readonly #kind: FramedShape['kind'];
  #state: State = { kind: 'idle' };

  constructor(stage: Stage, kind: FramedShape['kind']) {
    this.#stage = stage;
    this.#kind = kind;
  }

  press(at: ToolPointer): void {
    const state = this.#state;
    if (state.kind === 'anchored') {
      this.#state = { ...state, kind: 'closing' };
      return this.#show(at);
    }
    this.#stage.editor.selection.clear();
    this.#state = { kind: 'pressed', from: clampPoint(at.x, at.y, this.#stage.size), at };
  }

  drag(at: ToolPointer): void {
    const state = this.#state;
    if (state.kind === 'pressed' && isDragged(state.at, at)) this.#state = { ...state, kind: 'dragging' };
    if (this.#state.kind === 'dragging' || this.#state.kind === 'closing') this.#show(at);
  }

  release(at: ToolPointer): void {
    const state = this.#state;
    if (state.kind === 'pressed') this.#state = { ...state, kind: 'anchored' };
    else if (state.kind === 'dragging' || state.kind === 'closing') this.#finish(state.from, at);
  }

  hover(at: ToolPointer): void {
    if (this.#state.kind === 'anchored') this.#show(at);
  }

  abandonPress(): void {
    const state = this.#state;
    if (state.kind === 'closing') this.#state = { ...state, kind: 'anchored' };
    else if (state.kind !== 'anchored') this.cancel();
  }

  cancel(): boolean {
    const wasBusy = this.isBusy();
    this.#state = { kind: 'idle' };
    this.#stage.setDraft(null);
    return wasBusy;
  }

  commit(): boolean {
    return false;
  }

  stepBack(): boolean {
    return this.cancel();
  }

  isBusy(): boolean {
    return this.#state.kind !== 'idle';
  }

  cursor(): string {
    return 'crosshair';
  }

  #show(at: ToolPointer): void {
    const state = this.#state;
    if (state.kind !== 'idle') this.#stage.setDraft({ kind: 'drawing', shape: this.#shape(state.from, at), rubber: null });
  }

  #finish(from: Point, at: ToolPointer): void {
    const shape = this.#shape(from, at);
    this.cancel();
    const [width, height] = shape.kind === 'rectangle' ? [shape.width, shape.height] : [shape.radiusX * 2, shape.radiusY * 2];
    const shortest = Math.max(SHORTEST_SIDE, THINNEST / this.#stage.scale());
    if (width >= shortest && height >= shortest) this.#stage.add(shape);
  }

  #shape(from: Point, at: ToolPointer): FramedShape {
    const to = clampPoint(at.x, at.y, this.#stage.size);
    return shapeBetween(this.#kind, from, at.shift ? this.#squareCorner(from, to) : to);
  }

  /** The corner of the largest square between two points: it lies inside the picture when both do. */
  #squareCorner(from: Point, to: Point): Point {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const side = Math.min(Math.abs(dx), Math.abs(dy));
    return [from[0] + Math.sign(dx) * side, from[1] + Math.sign(dy) * side];
  }
}
