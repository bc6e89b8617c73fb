import { unionOf } from '../../model/geometry';
import type { Box } from '../../model/types';
import { ActiveLayer, type ActiveScene } from './active-layer';
import { setHidden } from '../hide';
import type { Camera } from './camera';
import type { CameraControl } from './camera-control';
import { type IdleScene, IdleLayer } from './idle-layer';

/** What there is to show; asked for in the frame that shows it. */
export interface ScreenSource {
  /** As the config says; undefined where it says nothing. */
  readonly smoothing: boolean | undefined;
  idleScene(): IdleScene;
  activeScene(camera: Camera): ActiveScene;
  /** How far everything that is active has been dragged, picture pixels; null while nothing, or only some of it, is. */
  slide(): { readonly dx: number; readonly dy: number } | null;
}

export interface ScreenChange {
  readonly camera?: boolean;
  readonly marquee?: boolean;
  /** Everything is to be painted. */
  readonly all?: boolean;
  /** The active layer is to be painted. */
  readonly active?: boolean;
  /** These boxes of the idle layer are to be painted, picture pixels. */
  readonly boxes?: readonly Box[];
}

/** While the camera moves, everything is painted anew this often; in between the bitmaps are moved. */
const REPAINT_MS = 250;
/** The camera rests when it has not moved for this long. */
const REST_MS = 120;
/** From this size on, CSS px, picture pixels are shown as squares, unless the config wants them smooth. */
const SQUARE_PIXELS = 8;
/** More boxes than this are painted as one. */
const MANY_BOXES = 8;

/** The picture, the two canvases over it and the marquee: paints at most once a frame, and only what changed. */
export class Screen {
  readonly #root: HTMLElement;
  readonly #picture: HTMLImageElement;
  readonly #idle = new IdleLayer();
  readonly #active = new ActiveLayer();
  readonly #marquee = document.createElement('div');
  readonly #camera: CameraControl;
  readonly #source: ScreenSource;

  #marqueeBox: Box | null = null;
  #slidFrom: { readonly dx: number; readonly dy: number } | null = null;
  #isGone = false;
  #frameRequest = 0;
  #restTimer = 0;
  #paintedAt = 0;
  #dirty = { camera: true, marquee: false, all: true, active: true, boxes: [] as Box[] };

  constructor(root: HTMLElement, picture: HTMLImageElement, camera: CameraControl, source: ScreenSource) {
    this.#root = root;
    this.#picture = picture;
    this.#camera = camera;
    this.#source = source;
    this.#marquee.className = 'surface-marquee';
    this.#marquee.hidden = true;
    root.append(picture, this.#idle.element, this.#active.element, this.#marquee);
  }

  /** Asks for a frame that shows a change. */
  request(change: ScreenChange): void {
    this.#dirty.camera ||= change.camera ?? false;
    this.#dirty.marquee ||= change.marquee ?? false;
    this.#dirty.all ||= change.all ?? false;
    this.#dirty.active ||= change.active ?? false;
    if (change.boxes !== undefined) this.#dirty.boxes.push(...change.boxes);
    if (this.#frameRequest !== 0 || this.#isGone) return;
    this.#frameRequest = requestAnimationFrame((now) => this.paint(now));
  }

  /** The camera moved: its bitmaps follow at once, and are painted sharp when it rests. */
  cameraMoved(): void {
    this.request({ camera: true });
    if (this.#restTimer === 0) this.#paintedAt = performance.now(); // what is there is good enough to begin with
    clearTimeout(this.#restTimer);
    this.#restTimer = window.setTimeout(() => this.#rest(), REST_MS);
  }

  setMarquee(box: Box | null): void {
    this.#marqueeBox = box;
    this.request({ marquee: true });
  }

  /** Shows what changed since the last frame. now: the page's clock, ms. */
  paint(now: number): void {
    this.#frameRequest = 0;
    if (this.#camera.view.width === 0) return;
    const dirty = this.#dirty;
    this.#dirty = { camera: false, marquee: false, all: false, active: false, boxes: [] };
    const camera = this.#camera.shownAt(now);
    if (dirty.camera || dirty.all) this.#movePicture(camera, !dirty.all);
    if (dirty.all) this.#finishPicture(camera.scale);
    if (dirty.camera || dirty.marquee) this.#moveMarquee(camera);
    const isDue = dirty.all || (dirty.camera && now - this.#paintedAt >= REPAINT_MS && !this.#idle.serves(camera, this.#camera.view));
    this.#paintIdle(camera, isDue, dirty.boxes, now);
    this.#paintActive(camera, isDue || dirty.active);
    if (this.#camera.isMoving) this.request({ camera: true });
  }

  destroy(): void {
    this.#isGone = true;
    cancelAnimationFrame(this.#frameRequest);
    clearTimeout(this.#restTimer);
  }

  #rest(): void {
    this.#restTimer = 0;
    this.#root.classList.remove('is-moving');
    this.request({ all: true, active: true });
  }

  #movePicture({ scale, x, y }: Camera, isMotion: boolean): void {
    this.#picture.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    if (isMotion) this.#root.classList.add('is-moving');
  }

  #moveMarquee({ scale, x, y }: Camera): void {
    const box = this.#marqueeBox;
    setHidden(this.#marquee, box === null);
    if (box === null) return;
    const { style } = this.#marquee;
    style.transform = `translate(${box.minX * scale + x}px, ${box.minY * scale + y}px)`;
    style.width = `${(box.maxX - box.minX) * scale}px`;
    style.height = `${(box.maxY - box.minY) * scale}px`;
  }

  /** What need not follow every frame of a motion. */
  #finishPicture(scale: number): void {
    this.#picture.style.setProperty('--hairline', `${1 / scale}px`);
    this.#root.classList.toggle('shows-pixels', this.#source.smoothing === false || (scale >= SQUARE_PIXELS && this.#source.smoothing !== true));
  }

  #paintIdle(camera: Camera, isDue: boolean, boxes: readonly Box[], now: number): void {
    if (isDue) {
      this.#paintedAt = now;
      this.#idle.paint(this.#source.idleScene(), camera, this.#camera.view);
      return;
    }
    this.#idle.follow(camera);
    const merged = boxes.length > MANY_BOXES ? [unionOf(boxes)] : boxes;
    for (const box of merged) this.#idle.repaint(this.#source.idleScene(), box);
  }

  /** A drag only moves what is painted, as long as all that is active moves and all of it was in view. */
  #paintActive(camera: Camera, isDirty: boolean): void {
    const slide = this.#source.slide();
    const from = this.#slidFrom;
    if (slide !== null && from !== null && !this.#active.isClipped) {
      this.#active.follow(camera, slide.dx - from.dx, slide.dy - from.dy);
      return;
    }
    if (!isDirty) return this.#active.follow(camera);
    this.#active.paint(this.#source.activeScene(camera), camera, this.#camera.view);
    this.#slidFrom = slide;
  }
}
