import type { Box, PictureSize } from '../../model/types';
import {
  blend, type Camera, cameraShowing, constrain, fitCamera, type Place, toPicture, toView, type View, visibleBox, zoomAt,
} from './camera';

const ANIMATION_MS = 120;

/**
 * The camera of one picture. It changes at once; where motion is welcome, what is shown follows within 120 ms.
 * A fitted picture stays fitted when the view changes its size.
 */
export class CameraControl {
  readonly #size: PictureSize;
  readonly #onChange: () => void;
  #view: View = { width: 0, height: 0, insets: { top: 0, right: 0, bottom: 0, left: 0 } };
  #camera: Camera = { scale: 1, x: 0, y: 0 };
  #isFitted = true;
  #motion: { readonly from: Camera; readonly since: number } | null = null;

  constructor(size: PictureSize, onChange: () => void) {
    this.#size = size;
    this.#onChange = onChange;
  }

  get camera(): Camera {
    return this.#camera;
  }

  get view(): View {
    return this.#view;
  }

  get isMoving(): boolean {
    return this.#motion !== null;
  }

  /** The camera to show in a frame at a time of the page's clock. */
  shownAt(now: number): Camera {
    if (this.#motion === null) return this.#camera;
    const part = (now - this.#motion.since) / ANIMATION_MS;
    if (part >= 1) {
      this.#motion = null;
      return this.#camera;
    }
    return blend(this.#motion.from, this.#camera, 1 - (1 - Math.max(part, 0)) ** 3);
  }

  /** The element was measured. A picture that does not fill it stays where its middle was. */
  resize(view: View): void {
    const before = this.#view;
    this.#view = view;
    if (this.#isFitted || before.width === 0) return this.fit({ animate: false });
    const middle = this.pictureAt({ x: before.width / 2, y: before.height / 2 });
    const { scale } = this.#camera;
    this.#set({ scale, x: view.width / 2 - middle.x * scale, y: view.height / 2 - middle.y * scale });
  }

  fit({ animate }: { animate: boolean }): void {
    this.#set(fitCamera(this.#size, this.#view), animate);
    this.#isFitted = true;
  }

  zoomBy(factor: number, at: Place): void {
    this.#set(zoomAt(this.#camera, factor, at, this.#frame));
  }

  /** Brings a point of the picture under a place of the view, at a scale. */
  hold(point: Place, at: Place, scale: number): void {
    const allowed = zoomAt(this.#camera, scale / this.#camera.scale, at, this.#frame).scale;
    this.#set({ scale: allowed, x: at.x - point.x * allowed, y: at.y - point.y * allowed });
  }

  panBy(dx: number, dy: number): void {
    const { scale, x, y } = this.#camera;
    this.#set({ scale, x: x + dx, y: y + dy });
  }

  /** Brings a box of picture pixels into view. */
  show(box: Box): void {
    this.#set(cameraShowing(box, this.#camera, this.#frame), true);
  }

  pictureAt(place: Place): Place {
    return toPicture(this.#camera, place.x, place.y);
  }

  viewAt(x: number, y: number): Place {
    return toView(this.#camera, x, y);
  }

  visible(): Box {
    return visibleBox(this.#camera, this.#size, this.#view);
  }

  get #frame(): { size: PictureSize; view: View } {
    return { size: this.#size, view: this.#view };
  }

  #set(camera: Camera, animate = false): void {
    const now = performance.now();
    const shown = this.shownAt(now);
    const next = constrain(camera, this.#size, this.#view);
    this.#isFitted = Math.abs(next.scale / fitCamera(this.#size, this.#view).scale - 1) < 1e-6;
    if (this.#motion === null && isSameCamera(next, shown)) return; // at the picture's edge, or as large as it gets
    this.#camera = next;
    const isMotionWelcome = animate && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#motion = isMotionWelcome ? { from: shown, since: now } : null;
    this.#onChange();
  }
}

function isSameCamera(a: Camera, b: Camera): boolean {
  return a.scale === b.scale && a.x === b.x && a.y === b.y;
}
