import type { Place } from './camera';
import type { CameraControl } from './camera-control';
import { Pointers, type PointerSink } from './pointers';
import type { Tool, ToolPointer } from './tools/tool';

/** What pointers, wheel and Space act on. */
export interface InputTarget {
  readonly element: HTMLElement;
  readonly camera: CameraControl;
  readonly tool: Tool;
  /** Whether a click that was kept back, since Shift might have begun a pan, is for the tool. */
  readonly takesShiftClicks: boolean;
  focus(): void;
  /** The pointer is no longer over the picture. */
  left(): void;
  /** The tool was given something. */
  acted(): void;
}

/**
 * Pointer, wheel and Space over a picture: what is a pan or a zoom moves the camera, the rest goes to the tool in hand.
 * Wheel pans, Ctrl+wheel zooms at the pointer; middle button, Shift+drag and Space+drag pan; two fingers do both.
 */
export class PictureInput implements PointerSink {
  readonly #target: InputTarget;
  readonly #pointers: Pointers;
  #pointerAt: ToolPointer | null = null;
  #isSpaceHeld = false;
  #isPanning = false;
  #pinched = { point: { x: 0, y: 0 }, scale: 1 };

  constructor(target: InputTarget, signal: AbortSignal) {
    this.#target = target;
    this.#pointers = new Pointers(target.element, this, signal);
    target.element.addEventListener('wheel', (event) => this.#wheel(event), { signal, passive: false });
    target.element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
    addEventListener('keydown', (event) => this.#spaceDown(event), { signal });
    addEventListener('keyup', (event) => this.#spaceUp(event), { signal });
    addEventListener('blur', () => this.#holdSpace(false), { signal });
  }

  get isPressed(): boolean {
    return this.#pointers.isPressed;
  }

  /** Call when the element may have moved on the page. */
  forgetPlace(): void {
    this.#pointers.forgetPlace();
  }

  place(event: { readonly clientX: number; readonly clientY: number }): Place {
    return this.#pointers.place(event);
  }

  showCursor(): void {
    const isHand = this.#isSpaceHeld || this.#isPanning;
    const cursor = isHand ? (this.#isPanning ? 'grabbing' : 'grab') : this.#target.tool.cursor(this.#pointerAt);
    const { style } = this.#target.element;
    if (style.cursor !== cursor) style.cursor = cursor;
  }

  // ---- from Pointers

  pans(event: PointerEvent): boolean {
    if (event.button === 1) return true;
    return event.button === 0 && (this.#isSpaceHeld || (event.shiftKey && event.pointerType !== 'touch'));
  }

  press(event: PointerEvent, at: Place, isDouble: boolean): void {
    this.#target.focus();
    this.#give({ ...this.#pointer(event, at), isDouble }, (pointer) => this.#target.tool.press(pointer));
  }

  drag(event: PointerEvent, at: Place): void {
    this.#give(this.#pointer(event, at), (pointer) => this.#target.tool.drag(pointer));
  }

  release(event: PointerEvent, at: Place): void {
    this.#give(this.#pointer(event, at), (pointer) => this.#target.tool.release(pointer));
  }

  hover(event: PointerEvent, at: Place): void {
    this.#isPanning = false;
    this.#pointerAt = this.#pointer(event, at);
    if (this.#pointerAt.isTouch) return;
    this.#target.tool.hover(this.#pointerAt);
    this.showCursor();
  }

  leave(): void {
    this.#pointerAt = null;
    this.#target.left();
  }

  abandon(): void {
    this.#target.tool.abandonPress();
    this.#target.acted();
  }

  pan(dx: number, dy: number): void {
    this.#isPanning = true;
    this.#target.camera.panBy(dx, dy);
    this.showCursor();
  }

  /** Shift pans; a Shift+click that did not move is a click. */
  panClick(event: PointerEvent, at: Place): void {
    this.#isPanning = false;
    this.showCursor();
    if (event.button !== 0 || !event.shiftKey || !this.#target.takesShiftClicks) return;
    this.press(event, at, false);
    this.release(event, at);
  }

  pinchStart(at: Place): void {
    const { camera } = this.#target;
    this.#pinched = { point: camera.pictureAt(at), scale: camera.camera.scale };
  }

  /** What lay between the fingers at first stays between them, as far as the picture's edge allows. */
  pinch(factor: number, at: Place): void {
    this.#target.camera.hold(this.#pinched.point, at, this.#pinched.scale * factor);
  }

  // ----

  #give(pointer: ToolPointer, act: (pointer: ToolPointer) => void): void {
    this.#pointerAt = pointer;
    act(pointer);
    this.showCursor();
    this.#target.acted();
  }

  #pointer(event: PointerEvent, at: Place): ToolPointer {
    const { x, y } = this.#target.camera.pictureAt(at);
    return {
      x, y, viewX: at.x, viewY: at.y,
      shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey,
      isTouch: event.pointerType === 'touch', isDouble: false,
    };
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { camera } = this.#target;
    const unit = [1, 16, camera.view.height][event.deltaMode] ?? 1;
    if (event.ctrlKey || event.metaKey) {
      const turned = Math.min(Math.max(event.deltaY * unit, -20), 20);
      camera.zoomBy(Math.exp(-turned / 100), this.place(event));
    } else {
      camera.panBy(-event.deltaX * unit, -event.deltaY * unit);
    }
  }

  /** Space is the hand for as long as it is held, wherever the focus is, unless Space means something there. */
  #spaceDown(event: KeyboardEvent): void {
    if (event.code !== 'Space' || event.ctrlKey || event.altKey || event.metaKey) return;
    const { activeElement } = document;
    if (activeElement !== null && activeElement !== document.body && activeElement !== this.#target.element) return;
    event.preventDefault();
    this.#holdSpace(true);
  }

  #spaceUp(event: KeyboardEvent): void {
    if (event.code === 'Space') this.#holdSpace(false);
  }

  #holdSpace(isHeld: boolean): void {
    if (this.#isSpaceHeld === isHeld) return;
    this.#isSpaceHeld = isHeld;
    this.showCursor();
  }
}
