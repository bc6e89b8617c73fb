import { t } from '../../../i18n/words';
import type { Box, PictureSize, Point, Shape } from '../../model/types';
import { type Camera, toView, transformBetween, type View } from './camera';
import { CHIP_HEIGHT, chipWidth, paintChip, placeChip } from './chip';
import { setHidden } from '../hide';
import { boxOf, unionOf } from '../../model/geometry';
import { shapeBounds } from '../../tags/registry';
import { cornersOf, frameOf, grow, isBoxInside, isFramed } from './geometry';
import type { PlacedHandle } from './handles';
import { dotRadius, trace } from './trace';

/** One shape that is selected, pointed at or being drawn. */
export interface ActiveShape {
  readonly shape: Shape;
  readonly colour: string;
  readonly isDashed: boolean;
  readonly isSelected: boolean;
}

export interface ActiveScene {
  readonly size: PictureSize;
  readonly shapes: readonly ActiveShape[];
  /** Of the one selected shape. */
  readonly handles: readonly PlacedHandle[];
  /** The polygon corner that is picked. */
  readonly pickedVertex: number | null;
  /** Name of one shape, shown beside it. */
  readonly name: { readonly text: string; readonly colour: string; readonly shape: Shape } | null;
  /** From the last corner of an open polygon to the pointer. */
  readonly rubber: { readonly from: Point; readonly to: Point; readonly closes: boolean } | null;
}

/** Room for handles, the knob and lines around a shape, CSS px. */
const MARGIN = 14;
/** Canvas sides grow in such steps, so that a growing shape does not make a new bitmap at every frame. */
const STEP = 128;
const HANDLE_SIDE = 8;

/**
 * What is selected, pointed at or in the making, on a canvas only as large as that, moved by CSS:
 * a shape that is dragged is painted once.
 */
export class ActiveLayer {
  readonly element = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;
  #camera: Camera = { scale: 1, x: 0, y: 0 };
  #box: Box | null = null;
  #isClipped = false;
  #density = 1;

  constructor() {
    this.element.className = 'surface-layer';
    this.element.setAttribute('aria-hidden', 'true');
    this.element.width = this.element.height = 1;
    const context = this.element.getContext('2d');
    if (context === null) throw new Error(t('This browser gives no 2D canvas, which the picture needs.'));
    this.#context = context;
  }

  /** Whether something of it was outside the view at the last paint, so that moving it needs a new paint. */
  get isClipped(): boolean {
    return this.#isClipped;
  }

  paint(scene: ActiveScene, camera: Camera, view: View): void {
    this.#camera = camera;
    const box = this.#extent(scene, view);
    this.#box = box;
    setHidden(this.element, box === null);
    if (box === null) return;
    this.#fitTo(box);
    const context = this.#context;
    context.setTransform(this.#density, 0, 0, this.#density, -box.minX * this.#density, -box.minY * this.#density);
    for (const shape of scene.shapes) this.#paintShape(shape, scene.size);
    if (scene.rubber !== null) this.#paintRubber(scene.rubber, scene.shapes[0]?.colour ?? '#fff');
    this.#paintHandles(scene);
    if (scene.name !== null) this.#paintName(scene, view);
    this.follow(camera);
  }

  /** Moves what is painted to where it belongs under another camera, and by (dx, dy) picture pixels. */
  follow(camera: Camera, dx = 0, dy = 0): void {
    if (this.#box === null) return;
    const { scale, x, y } = transformBetween(this.#camera, camera);
    const left = this.#box.minX * scale + x + dx * camera.scale;
    const top = this.#box.minY * scale + y + dy * camera.scale;
    this.element.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
  }

  /** View units on whole device pixels, no farther than a margin beyond the view; null when nothing is to be seen. */
  #extent(scene: ActiveScene, view: View): Box | null {
    const whole = this.#wholeExtent(scene, view);
    if (whole === null) return null;
    const limit = { minX: -MARGIN, minY: -MARGIN, maxX: view.width + MARGIN, maxY: view.height + MARGIN };
    this.#isClipped = !isBoxInside(whole, limit);
    const box = {
      minX: Math.floor(Math.max(whole.minX, limit.minX)),
      minY: Math.floor(Math.max(whole.minY, limit.minY)),
      maxX: Math.ceil(Math.min(whole.maxX, limit.maxX)),
      maxY: Math.ceil(Math.min(whole.maxY, limit.maxY)),
    };
    return box.minX < box.maxX && box.minY < box.maxY ? box : null;
  }

  #wholeExtent(scene: ActiveScene, view: View): Box | null {
    const boxes = scene.shapes.map(({ shape }) => this.#viewBox(shape, scene.size));
    if (scene.rubber !== null) boxes.push(this.#pointsBox([scene.rubber.from, scene.rubber.to]));
    if (scene.handles.length > 0) boxes.push(this.#pointsBox(scene.handles.map(({ at }) => at)));
    if (boxes.length === 0) return null;
    const all = grow(unionOf(boxes), MARGIN);
    const chip = this.#chipBox(scene, view);
    return chip === null ? all : unionOf([all, chip]);
  }

  #viewBox(shape: Shape, size: PictureSize): Box {
    const { minX, minY, maxX, maxY } = shapeBounds(shape);
    const box = this.#pointsBox([[minX, minY], [maxX, maxY]]);
    return shape.kind === 'keypoint' ? grow(box, dotRadius(shape.width, size, this.#camera.scale)) : box;
  }

  #pointsBox(points: readonly Point[]): Box {
    return boxOf(points.map(([px, py]) => this.#place(px, py)));
  }

  #place(px: number, py: number): Point {
    const { x, y } = toView(this.#camera, px, py);
    return [x, y];
  }

  #fitTo({ minX, minY, maxX, maxY }: Box): void {
    const { element } = this;
    this.#density = devicePixelRatio || 1;
    const needed = [maxX - minX, maxY - minY].map((side) => Math.ceil(side / STEP) * STEP) as [number, number];
    const [width, height] = needed.map((side) => Math.round(side * this.#density)) as [number, number];
    const isTooLarge = element.width * element.height > 4 * width * height;
    if (element.width >= width && element.height >= height && !isTooLarge && this.#isDensityOf(element)) {
      this.#context.setTransform(1, 0, 0, 1, 0, 0);
      this.#context.clearRect(0, 0, element.width, element.height);
      return;
    }
    [element.width, element.height] = [width, height];
    element.style.width = `${needed[0]}px`;
    element.style.height = `${needed[1]}px`;
  }

  #isDensityOf(element: HTMLCanvasElement): boolean {
    return Math.abs(element.width - Number.parseFloat(element.style.width) * this.#density) < 1;
  }

  #paintShape({ shape, colour, isDashed, isSelected }: ActiveShape, size: PictureSize): void {
    const context = this.#context;
    context.beginPath();
    trace(context, shape, this.#camera, size);
    context.lineJoin = 'round';
    context.setLineDash([]);
    context.fillStyle = colour;
    context.globalAlpha = shape.kind === 'keypoint' ? 0.9 : 0.1;
    context.fill();
    context.globalAlpha = isSelected ? 0.9 : 0.6;
    context.strokeStyle = '#fff';
    context.lineWidth = isSelected ? 4 : 3.5;
    context.stroke();
    context.globalAlpha = 1;
    context.setLineDash(isDashed ? [7, 5] : []);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.stroke();
    context.setLineDash([]);
  }

  #paintRubber(rubber: NonNullable<ActiveScene['rubber']>, colour: string): void {
    const context = this.#context;
    context.beginPath();
    context.moveTo(...this.#place(...rubber.from));
    context.lineTo(...this.#place(...rubber.to));
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.setLineDash(rubber.closes ? [] : [4, 4]);
    context.stroke();
    context.setLineDash([]);
  }

  #paintHandles({ handles, pickedVertex, shapes }: ActiveScene): void {
    const context = this.#context;
    const colour = shapes.findLast(({ isSelected }) => isSelected)?.colour ?? '#000';
    context.strokeStyle = colour;
    context.lineWidth = 2;
    for (const { handle, at } of handles) {
      const [x, y] = this.#place(...at);
      const isPicked = handle.kind === 'vertex' && handle.index === pickedVertex;
      context.beginPath();
      if (handle.kind === 'grip') {
        context.roundRect(Math.round(x) - HANDLE_SIDE / 2, Math.round(y) - HANDLE_SIDE / 2, HANDLE_SIDE, HANDLE_SIDE, 2);
      } else {
        context.arc(x, y, isPicked ? 6 : HANDLE_SIDE / 2, 0, Math.PI * 2);
      }
      context.fillStyle = isPicked ? colour : '#fff';
      context.fill();
      context.strokeStyle = isPicked ? '#fff' : colour;
      context.stroke();
    }
  }

  #paintName(scene: ActiveScene, view: View): void {
    const { text, colour } = scene.name!;
    const { minX: x, minY: y, maxX } = this.#chipBox(scene, view)!;
    paintChip(this.#context, { text, colour, x, y, width: maxX - x });
  }

  #chipBox(scene: ActiveScene, view: View): Box | null {
    if (scene.name === null) return null;
    const { text, shape } = scene.name;
    const width = chipWidth(this.#context, text);
    const around = this.#viewBox(shape, scene.size);
    const left = this.#chipLeft(shape, around, width);
    const room = {
      view: { minX: 0, minY: 0, maxX: view.width, maxY: view.height },
      left,
      isTopTaken: this.#isKnobInTheWay(scene, around, { minX: left, maxX: left + width }),
    };
    const { x, y } = placeChip(around, width, room);
    return { minX: x, minY: y, maxX: x + width, maxY: y + CHIP_HEIGHT };
  }

  /** Flush with an upright shape, over the highest corner of a turned one. */
  #chipLeft(shape: Shape, around: Box, width: number): number {
    if (!isFramed(shape) || shape.rotation === 0) return around.minX - 1;
    const highest = cornersOf(frameOf(shape)).reduce((a, b) => (b[1] < a[1] ? b : a));
    return this.#place(...highest)[0] - width / 2;
  }

  #isKnobInTheWay(scene: ActiveScene, around: Box, chip: { minX: number; maxX: number }): boolean {
    const knob = scene.handles.find(({ handle }) => handle.kind === 'rotate');
    if (knob === undefined) return false;
    const [x, y] = this.#place(...knob.at);
    return y < around.minY + 4 && x + 10 > chip.minX && x - 10 < chip.maxX;
  }
}
