import { t } from '../../../i18n/words';
import type { Box, PictureSize, Region } from '../../model/types';
import { shapeBounds } from '../../tags/registry';
import { type Camera, toPicture, toView, transformBetween, type View } from './camera';
import { CHIP_HEIGHT, chipWidth, paintChip } from './chip';
import { grow } from './geometry';
import { type Palette, type RegionStyle, scoreText } from '../palette';
import { isUprightBox, trace } from './trace';

/** Painted around the view, so that a pan shows no empty rim before the next paint. CSS px. */
const RIM = 64;
/** Pixels of the bitmap at most; a larger screen is painted a little coarser. */
const MOST_PIXELS = 24e6;
/**
 * With more shapes than this in view, lines are 1 px, scores are left out, and suggestions are hollow instead of dashed:
 * dashes are lost on small shapes and cost as much as all else (measured: 5,500 shapes, 36 and 18 ms).
 */
const DENSE = 400;
const DASH = [7, 5];
/** How far paint reaches beyond a shape: half its line, a dot, a score. CSS px. */
const REACH = 64;

export interface IdleScene {
  readonly size: PictureSize;
  readonly palette: Palette;
  /** Regions that touch a box of picture pixels, in the order of creation. */
  regionsIn(box: Box): Region[];
}

interface Group {
  readonly style: RegionStyle;
  readonly boxes: Region[];
  readonly paths: Region[];
}

/**
 * All shapes at rest, on one canvas. A moving camera moves the bitmap; it is painted again when the camera rests.
 * Painted beside the page and handed over: a canvas with a 2D context of its own is copied in every frame in which
 * anything on the page moves (measured: 0.5 ms a frame).
 */
export class IdleLayer {
  readonly element = document.createElement('canvas');
  readonly #board = new OffscreenCanvas(1, 1);
  readonly #context: OffscreenCanvasRenderingContext2D;
  readonly #shown: ImageBitmapRenderingContext;
  #camera: Camera = { scale: 1, x: 0, y: 0 };
  #followed: Camera | null = null;
  #density = 1;
  #width = 0;
  #height = 0;
  #isDense = false;

  constructor() {
    this.element.className = 'surface-layer';
    this.element.setAttribute('aria-hidden', 'true');
    const context = this.#board.getContext('2d');
    const shown = this.element.getContext('bitmaprenderer');
    if (context === null || shown === null) throw new Error(t('This browser gives no 2D canvas, which the picture needs.'));
    this.#context = context;
    this.#shown = shown;
  }

  /** Paints everything for a camera. */
  paint(scene: IdleScene, camera: Camera, view: View): void {
    this.#camera = camera;
    this.#followed = null;
    this.#fitTo(view);
    this.#paintBox(scene, this.#canvasBox(), null);
    this.follow(camera);
  }

  /** Paints again what lies in a box of picture pixels, under the camera of the last paint. */
  repaint(scene: IdleScene, box: Box): void {
    const from = toView(this.#camera, box.minX, box.minY);
    const to = toView(this.#camera, box.maxX, box.maxY);
    const wide = grow({ minX: from.x, minY: from.y, maxX: to.x, maxY: to.y }, REACH);
    const canvas = this.#canvasBox();
    const clip = {
      minX: Math.max(Math.floor(wide.minX), canvas.minX),
      minY: Math.max(Math.floor(wide.minY), canvas.minY),
      maxX: Math.min(Math.ceil(wide.maxX), canvas.maxX),
      maxY: Math.min(Math.ceil(wide.maxY), canvas.maxY),
    };
    if (clip.minX >= clip.maxX || clip.minY >= clip.maxY) return;
    this.#context.drawImage(this.element, 0, 0); // what was handed over is gone from the board
    this.#paintBox(scene, clip, clip);
  }

  /** Moves what is painted to where it belongs under another camera. */
  follow(camera: Camera): void {
    if (camera === this.#followed) return;
    this.#followed = camera;
    const { scale, x, y } = transformBetween(this.#camera, camera);
    this.element.style.transform = `translate(${x - RIM * scale}px, ${y - RIM * scale}px) scale(${scale})`;
  }

  /** Whether what is painted is as good as a new paint: as large, and nothing of the view lies beyond it. */
  serves(camera: Camera, view: View): boolean {
    const { scale, x, y } = transformBetween(this.#camera, camera);
    return scale === 1 && Math.abs(x) <= RIM && Math.abs(y) <= RIM && view.width + RIM * 2 <= this.#width + 1;
  }

  #fitTo(view: View): void {
    const width = Math.round(view.width + RIM * 2);
    const height = Math.round(view.height + RIM * 2);
    this.#density = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (width * height)));
    const pixels = [Math.round(width * this.#density), Math.round(height * this.#density)] as const;
    if (this.#board.width === pixels[0] && this.#board.height === pixels[1]) return;
    for (const canvas of [this.#board, this.element]) [canvas.width, canvas.height] = pixels;
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
    this.#width = width;
    this.#height = height;
  }

  #canvasBox(): Box {
    return { minX: -RIM, minY: -RIM, maxX: this.#width - RIM, maxY: this.#height - RIM };
  }

  #paintBox(scene: IdleScene, box: Box, clip: Box | null): void {
    const context = this.#context;
    const regions = this.#regionsIn(scene, box);
    if (clip === null) this.#isDense = regions.length > DENSE;
    context.save();
    context.setTransform(this.#density, 0, 0, this.#density, RIM * this.#density, RIM * this.#density);
    if (clip !== null) {
      context.beginPath();
      context.rect(clip.minX, clip.minY, clip.maxX - clip.minX, clip.maxY - clip.minY);
      context.clip();
    }
    context.clearRect(box.minX, box.minY, box.maxX - box.minX, box.maxY - box.minY);
    for (const group of groupsOf(regions, scene.palette)) this.#paintGroup(group, scene.size);
    if (!this.#isDense) this.#paintScores(regions, scene);
    context.restore();
    this.#shown.transferFromImageBitmap(this.#board.transferToImageBitmap());
  }

  /** A shape just outside the box can still reach into it with its line or its score. */
  #regionsIn(scene: IdleScene, box: Box): Region[] {
    const reach = grow(box, REACH);
    const from = toPicture(this.#camera, reach.minX, reach.minY);
    const to = toPicture(this.#camera, reach.maxX, reach.maxY);
    return scene.regionsIn({ minX: from.x, minY: from.y, maxX: to.x, maxY: to.y });
  }

  #paintGroup({ style, boxes, paths }: Group, size: PictureSize): void {
    const context = this.#context;
    context.fillStyle = style.colour;
    context.strokeStyle = style.colour;
    context.lineWidth = this.#isDense ? 1 : 2;
    context.lineJoin = 'round';
    context.setLineDash(style.isDashed && !this.#isDense ? DASH : []);
    context.globalAlpha = style.fillAlpha;
    const isHollow = style.isDashed && this.#isDense;
    if (!isHollow) for (const { shape } of boxes) this.#eachBox(shape, (x, y, w, h) => context.fillRect(x, y, w, h));
    context.globalAlpha = 1;
    for (const { shape } of boxes) this.#eachBox(shape, (x, y, w, h) => context.strokeRect(x, y, w, h));
    for (const { shape } of paths) {
      context.beginPath();
      trace(context, shape, this.#camera, size);
      context.globalAlpha = shape.kind === 'keypoint' ? 0.9 : style.fillAlpha;
      if (!isHollow || shape.kind === 'keypoint') context.fill();
      context.globalAlpha = 1;
      context.stroke();
    }
  }

  /** Edges on whole pixels, so that lines are sharp. */
  #eachBox(shape: Region['shape'], paint: (x: number, y: number, width: number, height: number) => void): void {
    if (shape.kind !== 'rectangle') return;
    const { scale, x, y } = this.#camera;
    const shift = this.#isDense ? 0.5 : 0;
    const left = Math.round(shape.x * scale + x - shift) + shift;
    const top = Math.round(shape.y * scale + y - shift) + shift;
    const right = Math.round((shape.x + shape.width) * scale + x - shift) + shift;
    const bottom = Math.round((shape.y + shape.height) * scale + y - shift) + shift;
    paint(left, top, right - left, bottom - top);
  }

  #paintScores(regions: readonly Region[], { palette }: IdleScene): void {
    const context = this.#context;
    for (const region of regions) {
      if (!region.suggested || region.score === undefined) continue;
      const box = shapeBounds(region.shape);
      const from = toView(this.#camera, box.minX, box.minY);
      const text = scoreText(region.score);
      const width = chipWidth(context, text);
      const isRoomAbove = from.y >= CHIP_HEIGHT + 4;
      const y = isRoomAbove ? from.y - CHIP_HEIGHT - 4 : from.y + 4;
      paintChip(context, { text, colour: palette.styleOf(region).colour, x: from.x - 1, y, width });
    }
  }
}

/** Regions by style; the styles in a fixed order, so that a part painted again looks as the whole did. */
function groupsOf(regions: readonly Region[], palette: Palette): Group[] {
  const groups = new Map<string, Group>();
  for (const region of regions) {
    const style = palette.styleOf(region);
    let group = groups.get(style.key);
    if (group === undefined) groups.set(style.key, (group = { style, boxes: [], paths: [] }));
    (isUprightBox(region.shape) ? group.boxes : group.paths).push(region);
  }
  return [...groups.values()].sort((a, b) => (a.style.key < b.style.key ? -1 : 1));
}
