import { t } from '../../../../i18n/words';
import { clampMove, unionOf } from '../../../model/geometry';
import type { Box, Point, Region, RegionId, Shape } from '../../../model/types';
import { moveShape, shapeBounds } from '../../../tags/registry';
import { clampPoint, isInside, lastInside, onWholePixels, pushedInside } from '../clamp';
import { type FramedShape, frameOf, isFramed } from '../geometry';
import {
  gripPlace, type Grip, type Handle, handleAt, handleCursor, insertVertex, knobDegrees, moveVertex, removeVertex, resize,
  rotateTo,
} from '../handles';
import { isDragged, type Stage, type Tool, type ToolPointer } from './tool';

interface Moving {
  readonly kind: 'moving';
  readonly ids: ReadonlySet<RegionId>;
  readonly box: Box;
  readonly from: ToolPointer;
  by: Point;
}

interface Pressed {
  readonly kind: 'pressed';
  readonly from: ToolPointer;
  /** What a click without a drag does. */
  readonly onRelease: (() => void) | null;
  /** Whether a drag moves what is selected; else it moves the picture. */
  readonly canMove: boolean;
}

type State =
  | { readonly kind: 'idle' }
  /** On a shape, not dragged yet. */
  | Pressed
  | Moving
  | { readonly kind: 'gripping'; readonly region: Region; readonly handle: Handle; readonly from: ToolPointer; shape: Shape }
  | { readonly kind: 'pressed-empty'; readonly from: ToolPointer; readonly keeps: ReadonlySet<RegionId> }
  | { readonly kind: 'marquee'; readonly from: ToolPointer; readonly keeps: ReadonlySet<RegionId> }
  | { readonly kind: 'panning'; last: ToolPointer };

const TOLERANCE = { mouse: 5, touch: 14 };
const ROTATION_STEP = 15;

/** Selects, moves, resizes, rotates, edits corners, and selects many with a frame drawn from empty space. */
export class SelectTool implements Tool {
  readonly #stage: Stage;
  #state: State = { kind: 'idle' };

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  press(at: ToolPointer): void {
    if (at.isDouble && this.#addCorner(at)) return;
    if (this.#grip(at)) return;
    this.#stage.pickedVertex = null;
    const hits = this.#hits(at);
    const [smallest] = hits;
    if (smallest === undefined || (at.ctrl && at.shift)) return this.#pressEmpty(at);
    if (at.ctrl || at.shift) return this.#pressToggling(at, smallest);
    if (at.alt) return this.#pressBeneath(at, hits);
    this.#pressShape(at, hits, smallest);
  }

  drag(at: ToolPointer): void {
    this.#begin(at);
    const state = this.#state;
    switch (state.kind) {
      case 'moving':
        return this.#move(state, at);
      case 'gripping':
        state.shape = this.#pulled(state.region.shape, state.handle, state.from, at);
        return this.#stage.setDraft({ kind: 'reshaped', id: state.region.id, shape: state.shape });
      case 'marquee':
        return this.#stage.setMarquee(this.#marqueeBox(state.from, at));
      case 'panning':
        this.#stage.panBy(at.viewX - state.last.viewX, at.viewY - state.last.viewY);
        state.last = at;
    }
  }

  release(at: ToolPointer): void {
    const state = this.#state;
    this.#state = { kind: 'idle' };
    switch (state.kind) {
      case 'pressed':
        state.onRelease?.();
        break;
      case 'pressed-empty':
        this.#stage.editor.selection.set(state.keeps);
        break;
      case 'moving':
        this.#applyMove(state);
        break;
      case 'gripping':
        this.#apply('reshape', [[state.region.id, state.shape]]);
        break;
      case 'marquee': {
        const inside = this.#stage.regionsWithin(this.#marqueeBox(state.from, at));
        this.#stage.setMarquee(null);
        this.#stage.editor.selection.set([...state.keeps, ...inside.map(({ id }) => id)]);
      }
    }
    this.#stage.setDraft(null);
  }

  hover(at: ToolPointer): void {
    const [under] = this.#handleUnder(at) === null ? this.#hits(at) : [];
    this.#stage.editor.selection.setHovered(under?.id ?? null);
  }

  abandonPress(): void {
    this.cancel();
  }

  cancel(): boolean {
    const wasBusy = this.isBusy();
    this.#state = { kind: 'idle' };
    this.#stage.setDraft(null);
    this.#stage.setMarquee(null);
    return wasBusy;
  }

  commit(): boolean {
    return false;
  }

  stepBack(): boolean {
    return false;
  }

  isBusy(): boolean {
    return this.#state.kind !== 'idle' && this.#state.kind !== 'panning';
  }

  cursor(at: ToolPointer | null): string {
    const state = this.#state;
    if (state.kind === 'moving') return 'move';
    if (state.kind === 'gripping') return state.handle.kind === 'rotate' ? 'grabbing' : handleCursor(state.handle, state.shape);
    if (at === null || state.kind !== 'idle') return 'default';
    const handle = this.#handleUnder(at);
    if (handle !== null) return handleCursor(handle.handle, handle.region.shape);
    const hits = this.#hits(at);
    if (hits.some((region) => this.#isMovable(region))) return 'move';
    return hits.length > 0 ? 'pointer' : 'default';
  }

  // ---- what a press begins

  #grip(at: ToolPointer): boolean {
    const under = this.#handleUnder(at);
    if (under === null || at.ctrl || at.shift) return false;
    const { region, handle } = under;
    if (handle.kind === 'vertex') {
      if (at.alt) return this.#removeCorner(region, handle.index);
      this.#stage.pickedVertex = handle.index;
    } else {
      this.#stage.pickedVertex = null;
    }
    this.#state = { kind: 'gripping', region, handle, from: at, shape: region.shape };
    return true;
  }

  /** With Ctrl a click toggles, a drag draws a frame that adds to the selection, over shapes too. */
  #pressToggling(at: ToolPointer, region: Region): void {
    const { selection } = this.#stage.editor;
    const keeps = new Set(selection.ids());
    if (!keeps.delete(region.id)) keeps.add(region.id);
    this.#state = { kind: 'pressed-empty', from: at, keeps };
  }

  /** Each Alt+click goes one shape deeper. */
  #pressBeneath(at: ToolPointer, hits: readonly Region[]): void {
    const { selection } = this.#stage.editor;
    const current = hits.findIndex((region) => selection.has(region.id));
    selection.set([hits[(current + 1) % hits.length]!.id]);
    this.#state = { kind: 'pressed', from: at, onRelease: null, canMove: true };
  }

  /**
   * A press on what is selected may become a drag of it, so that only a click selects what lies on it.
   * A finger moves only what was selected before: it has to be able to move the picture too.
   */
  #pressShape(at: ToolPointer, hits: readonly Region[], smallest: Region): void {
    const { selection } = this.#stage.editor;
    const select = (): void => selection.set([smallest.id]);
    const isOnSelected = hits.some((region) => selection.has(region.id));
    const waits = isOnSelected || at.isTouch;
    if (!waits) select();
    this.#state = { kind: 'pressed', from: at, onRelease: waits ? select : null, canMove: isOnSelected || !at.isTouch };
  }

  #pressEmpty(at: ToolPointer): void {
    const keeps = at.ctrl || at.shift ? this.#stage.editor.selection.ids() : new Set<RegionId>();
    this.#state = { kind: 'pressed-empty', from: at, keeps };
  }

  /** Turns a press into a drag once the pointer has gone far enough. */
  #begin(at: ToolPointer): void {
    const state = this.#state;
    if (state.kind === 'pressed-empty' && isDragged(state.from, at)) {
      // One finger on empty space moves the picture; a frame needs a mouse or a pen.
      this.#state = at.isTouch ? { kind: 'panning', last: state.from } : { ...state, kind: 'marquee' };
    }
    if (state.kind === 'pressed' && isDragged(state.from, at)) this.#state = this.#movingFrom(state);
  }

  #movingFrom({ from, canMove }: Pressed): State {
    const regions = canMove ? this.#selected().filter((region) => this.#isMovable(region)) : [];
    if (regions.length === 0) return { kind: 'panning', last: from };
    const box = unionOf(regions.map((region) => shapeBounds(region.shape)));
    return { kind: 'moving', ids: new Set(regions.map(({ id }) => id)), box, from, by: [0, 0] };
  }

  // ---- what a drag does

  #move(state: Moving, at: ToolPointer): void {
    let [dx, dy] = [at.x - state.from.x, at.y - state.from.y];
    if (at.shift) [dx, dy] = Math.abs(dx) > Math.abs(dy) ? [dx, 0] : [0, dy];
    state.by = clampMove(state.box, dx, dy, this.#stage.size);
    this.#stage.setDraft({ kind: 'moved', ids: state.ids, dx: state.by[0], dy: state.by[1] });
  }

  #applyMove({ ids, by: [dx, dy] }: Moving): void {
    const { store } = this.#stage.editor;
    const moved = [...ids].flatMap((id): Array<readonly [RegionId, Shape]> => {
      const region = store.get(id);
      return region === undefined ? [] : [[id, moveShape(region.shape, dx, dy)]];
    });
    this.#apply('move', moved);
  }

  /** One drag is one step of undo, and none when nothing changed. */
  #apply(name: string, shapes: ReadonlyArray<readonly [RegionId, Shape]>): void {
    const { editor } = this.#stage;
    const changed = shapes.filter(([id, shape]) => editor.store.get(id)?.shape !== shape);
    if (changed.length === 0) return;
    editor.history.mark(name);
    editor.reshape(changed.map(([id, shape]) => [id, this.#snapped(id, shape)] as const));
  }

  #snapped(id: RegionId, shape: Shape): Shape {
    const region = this.#stage.editor.store.get(id);
    return region !== undefined && this.#stage.snaps(region.fromName) ? onWholePixels(shape) : shape;
  }

  #pulled(shape: Shape, handle: Handle, from: ToolPointer, at: ToolPointer): Shape {
    if (!isDragged(from, at) && this.#state.kind === 'gripping' && this.#state.shape === shape) return shape;
    if (handle.kind === 'vertex' && shape.kind === 'polygon') {
      const [x, y] = shape.points[handle.index]!;
      return moveVertex(shape, handle.index, clampPoint(x + at.x - from.x, y + at.y - from.y, this.#stage.size));
    }
    if (!isFramed(shape)) return shape;
    return handle.kind === 'grip' ? this.#resized(shape, handle, from, at) : this.#rotated(shape, from, at);
  }

  #resized(shape: FramedShape, grip: Grip, from: ToolPointer, at: ToolPointer): Shape {
    const start = gripPlace(frameOf(shape), grip);
    const end = clampPoint(start[0] + at.x - from.x, start[1] + at.y - from.y, this.#stage.size);
    const shapeAt = (part: number): FramedShape => {
      if (part === 0) return shape;
      const to: Point = [start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part];
      return resize(shape, grip, { to, keepRatio: at.shift });
    };
    return lastInside(shapeAt, this.#stage.size);
  }

  /** A shape that would stick out is pushed in; one that cannot fit stays as it was last. */
  #rotated(shape: FramedShape, from: ToolPointer, at: ToolPointer): Shape {
    let degrees = shape.rotation + knobDegrees(shape, at.x, at.y) - knobDegrees(shape, from.x, from.y);
    if (at.shift) degrees = Math.round(degrees / ROTATION_STEP) * ROTATION_STEP;
    const turned = rotateTo(shape, degrees);
    if (isInside(turned, this.#stage.size) || !isInside(shape, this.#stage.size)) return turned;
    const last = this.#state.kind === 'gripping' ? this.#state.shape : shape;
    return pushedInside(turned, this.#stage.size) ?? last;
  }

  // ---- corners of polygons

  #addCorner(at: ToolPointer): boolean {
    const region = this.#onlySelected();
    if (region?.shape.kind !== 'polygon' || region.locked) return false;
    const tolerance = this.#tolerance(at);
    if (this.#handleUnder(at) !== null) return false;
    const place = clampPoint(at.x, at.y, this.#stage.size);
    const inserted = insertVertex(region.shape, place[0], place[1], tolerance);
    if (inserted === null) return false;
    this.#apply('add point', [[region.id, inserted.shape]]);
    this.#stage.pickedVertex = inserted.index;
    return true;
  }

  #removeCorner(region: Region, index: number): boolean {
    if (region.shape.kind !== 'polygon') return false;
    const shape = removeVertex(region.shape, index);
    this.#stage.pickedVertex = null;
    if (shape === null) this.#stage.refuse(t('A polygon needs at least three points.'));
    else this.#apply('delete point', [[region.id, shape]]);
    return true;
  }

  // ---- what lies where

  #handleUnder(at: ToolPointer): { region: Region; handle: Handle } | null {
    const region = this.#onlySelected();
    if (region === null || region.locked || region.hidden) return null;
    const handle = handleAt(region.shape, at.x, at.y, this.#stage.reachOf(region, at.isTouch));
    return handle === null ? null : { region, handle };
  }

  #hits(at: ToolPointer): Region[] {
    return this.#stage.regionsAt(at.x, at.y, this.#tolerance(at));
  }

  #tolerance(at: ToolPointer): number {
    return (at.isTouch ? TOLERANCE.touch : TOLERANCE.mouse) / this.#stage.scale();
  }

  #marqueeBox(from: ToolPointer, to: ToolPointer): Box {
    return {
      minX: Math.min(from.x, to.x),
      minY: Math.min(from.y, to.y),
      maxX: Math.max(from.x, to.x),
      maxY: Math.max(from.y, to.y),
    };
  }

  #selected(): Region[] {
    const { selection, store } = this.#stage.editor;
    return [...selection.ids()].flatMap((id) => store.get(id) ?? []);
  }

  #onlySelected(): Region | null {
    const { selection, store } = this.#stage.editor;
    const id = selection.only();
    const region = id === null ? undefined : store.get(id);
    return region?.toName === this.#stage.objectName ? region : null;
  }

  #isMovable(region: Region): boolean {
    const { selection } = this.#stage.editor;
    return selection.has(region.id) && !region.locked && region.toName === this.#stage.objectName;
  }
}
