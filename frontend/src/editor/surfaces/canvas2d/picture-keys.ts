import { t } from '../../../i18n/words';
import type { Editor } from '../../model/editor';
import type { PictureSize, Point, Region, RegionId, Shape } from '../../model/types';
import { clampPoint } from './clamp';
import { moveVertex, removeVertex } from './handles';
import { stretch } from './keyboard-shapes';
import type { RegionView } from './region-view';
import type { Tool } from './tools/tool';

/** What keys act on. */
export interface KeyTarget {
  readonly editor: Editor;
  readonly regions: RegionView;
  readonly size: PictureSize;
  readonly tool: Tool;
  pickedVertex: number | null;
  panBy(dx: number, dy: number): void;
  focusRegion(id: RegionId): void;
  /** Puts a shape of default size into what is seen; false when the tool in hand makes none or a pointer is in use. */
  dropShape(): boolean;
  announce(region: Region): void;
  refuse(message: string): void;
}

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
};
const PAN_PX = 60;

/**
 * Keys of a focused picture: Tab and Shift+Tab walk through the regions and out at either end (after Esc at once),
 * arrows nudge by 1 px (Shift: 10), Alt+arrows resize, PageUp and PageDown rotate by 1 degree (Shift: 15),
 * `,` and `.` pick a corner of the selected polygon, which arrows then move, Insert doubles and Delete removes;
 * Enter closes a polygon or drops a shape; without a selection arrows move the picture.
 */
export class PictureKeys {
  readonly #target: KeyTarget;
  #letsTabOut = false;

  constructor(target: KeyTarget) {
    this.#target = target;
  }

  /** True when the key was for the picture. */
  press(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey) return false;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) return this.#arrow(arrow, event);
    if (event.altKey) return false;
    switch (event.key) {
      case 'Tab':
        return this.#walk(event.shiftKey ? -1 : 1);
      case 'Escape':
        return this.#escape();
      case 'Enter':
        return this.#target.tool.commit() || this.#target.dropShape();
      case 'Backspace':
      case 'Delete':
        return this.#target.tool.stepBack() || this.#deleteCorner();
      case 'Insert':
        return this.#addCorner();
      case 'PageUp':
      case 'PageDown':
        return this.#rotate((event.key === 'PageUp' ? -1 : 1) * (event.shiftKey ? 15 : 1));
      case ',':
      case '.':
        return this.#pickCorner(event.key === ',' ? -1 : 1);
      default:
        return false;
    }
  }

  /** The picture was left: Tab begins anew when it comes back. */
  blur(): void {
    this.#letsTabOut = false;
  }

  #escape(): boolean {
    const { tool, editor } = this.#target;
    this.#letsTabOut = true;
    if (tool.cancel()) return true;
    if (this.#target.pickedVertex !== null) {
      this.#target.pickedVertex = null;
      return true;
    }
    if (editor.selection.ids().size === 0) return false;
    editor.selection.clear();
    return true;
  }

  #walk(step: 1 | -1): boolean {
    const { editor, regions, tool } = this.#target;
    if (tool.isBusy()) return true;
    const seen = regions.all().filter((region) => region.hidden !== true);
    const current = seen.findIndex((region) => editor.selection.has(region.id));
    if (current < 0 && this.#letsTabOut) return false;
    const next = seen[current < 0 ? (step === 1 ? 0 : seen.length - 1) : current + step];
    this.#letsTabOut = false;
    if (next === undefined) return false;
    this.#target.pickedVertex = null;
    editor.selection.set([next.id]);
    this.#target.focusRegion(next.id);
    this.#target.announce(next);
    return true;
  }

  #arrow([x, y]: Point, event: KeyboardEvent): boolean {
    const { editor, tool } = this.#target;
    if (tool.isBusy()) return true;
    const step = event.shiftKey ? 10 : 1;
    const selected = this.#selected();
    if (event.altKey) return this.#stretch(selected, x * step, y * step);
    if (selected.length === 0) {
      this.#target.panBy(-x * PAN_PX, -y * PAN_PX);
      return true;
    }
    if (!this.#moveCorner(x * step, y * step)) editor.nudge(x * step, y * step);
    this.#announceOnly();
    return true;
  }

  #stretch(selected: readonly Region[], dx: number, dy: number): boolean {
    const { size } = this.#target;
    if (selected.length === 0) return true;
    this.#apply('resize', selected.map((region) => [region.id, stretch(region.shape, dx, dy, size)] as const));
    this.#announceOnly();
    return true;
  }

  #rotate(degrees: number): boolean {
    const ids = this.#selected().map(({ id }) => id);
    if (ids.length === 0) return false;
    this.#target.editor.rotate(ids, degrees);
    return true;
  }

  // ---- corners of the selected polygon

  #polygon(): { id: RegionId; shape: Extract<Shape, { kind: 'polygon' }> } | null {
    const region = this.#target.regions.get(this.#target.editor.selection.only());
    if (region === null || region.locked === true || region.shape.kind !== 'polygon') return null;
    return { id: region.id, shape: region.shape };
  }

  #pickCorner(step: 1 | -1): boolean {
    const polygon = this.#polygon();
    if (polygon === null || this.#target.tool.isBusy()) return false;
    const count = polygon.shape.points.length;
    const current = this.#target.pickedVertex ?? (step === 1 ? -1 : 0);
    this.#target.pickedVertex = (current + step + count) % count;
    return true;
  }

  #moveCorner(dx: number, dy: number): boolean {
    const { pickedVertex, size } = this.#target;
    const polygon = this.#polygon();
    const point = pickedVertex === null ? undefined : polygon?.shape.points[pickedVertex];
    if (polygon === null || pickedVertex === null || point === undefined) return false;
    const to = clampPoint(point[0] + dx, point[1] + dy, size);
    this.#apply('move point', [[polygon.id, moveVertex(polygon.shape, pickedVertex, to)]]);
    return true;
  }

  #deleteCorner(): boolean {
    const { pickedVertex } = this.#target;
    const polygon = this.#polygon();
    if (polygon === null || pickedVertex === null) return false;
    const shape = removeVertex(polygon.shape, pickedVertex);
    this.#target.pickedVertex = null;
    if (shape === null) this.#target.refuse(t('A polygon needs at least three points.'));
    else this.#apply('delete point', [[polygon.id, shape]]);
    return true;
  }

  /** A new corner half way to the next one, picked. */
  #addCorner(): boolean {
    const { pickedVertex } = this.#target;
    const polygon = this.#polygon();
    if (polygon === null || pickedVertex === null) return false;
    const { points } = polygon.shape;
    const [a, b] = [points[pickedVertex]!, points[(pickedVertex + 1) % points.length]!];
    const middle: Point = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const shape = { ...polygon.shape, points: points.toSpliced(pickedVertex + 1, 0, middle) };
    this.#apply('add point', [[polygon.id, shape]]);
    this.#target.pickedVertex = pickedVertex + 1;
    return true;
  }

  // ----

  #selected(): Region[] {
    const { editor, regions } = this.#target;
    return [...editor.selection.ids()].flatMap((id) => regions.get(id) ?? []);
  }

  #apply(name: string, shapes: ReadonlyArray<readonly [RegionId, Shape]>): void {
    const { editor } = this.#target;
    editor.history.mark(name);
    editor.reshape(shapes);
  }

  #announceOnly(): void {
    const region = this.#target.regions.get(this.#target.editor.selection.only());
    if (region !== null) this.#target.announce(region);
  }
}
