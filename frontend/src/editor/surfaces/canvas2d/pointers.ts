import type { Place } from './camera';

/** What the pointers over an element are doing, in CSS px from its corner. */
export interface PointerSink {
  /** Whether a press moves the view, whatever the tool: middle button, Shift, Space. */
  pans(event: PointerEvent): boolean;
  press(event: PointerEvent, at: Place, isDouble: boolean): void;
  drag(event: PointerEvent, at: Place): void;
  release(event: PointerEvent, at: Place): void;
  hover(event: PointerEvent, at: Place): void;
  leave(): void;
  /** A press that was announced turns out to be something else. */
  abandon(): void;
  pan(dx: number, dy: number): void;
  /** A press that pans ended without having moved. */
  panClick(event: PointerEvent, at: Place): void;
  /** Two fingers came down, with this place between them. */
  pinchStart(at: Place): void;
  /** They are this many times as far apart as at the start, with this place between them. */
  pinch(factor: number, at: Place): void;
}

type Gesture =
  | { readonly kind: 'none' }
  | { readonly kind: 'press'; readonly pointer: number }
  | { readonly kind: 'pan'; readonly pointer: number; readonly from: Place; last: Place; hasMoved: boolean }
  | { readonly kind: 'pinch'; readonly distance: number }
  /** Fingers left over from a pinch do nothing until all are lifted. */
  | { readonly kind: 'spent' };

const DOUBLE_MS = 350;
const DOUBLE_REACH = { mouse: 5, touch: 24 };
const PAN_REACH = 3;

/** Makes presses, drags, pans and pinches of pointer events. One finger or button presses; two fingers pinch and pan. */
export class Pointers {
  readonly #element: HTMLElement;
  readonly #sink: PointerSink;
  readonly #touches = new Map<number, Place>();
  #gesture: Gesture = { kind: 'none' };
  #lastPress: { readonly at: Place; readonly time: number } | null = null;
  #rect: DOMRect | null = null;

  constructor(element: HTMLElement, sink: PointerSink, signal: AbortSignal) {
    this.#element = element;
    this.#sink = sink;
    const on = (name: string, listener: (event: PointerEvent) => void): void =>
      element.addEventListener(name, listener as EventListener, { signal });
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => this.#cancel(event));
    on('lostpointercapture', (event) => this.#cancel(event));
    on('pointerleave', () => this.#sink.leave());
    addEventListener('scroll', () => this.forgetPlace(), { signal, capture: true, passive: true });
  }

  /** Call when the element may have moved on the page. */
  forgetPlace(): void {
    this.#rect = null;
  }

  /** A client position, from the element's corner. */
  place(event: { readonly clientX: number; readonly clientY: number }): Place {
    this.#rect ??= this.#element.getBoundingClientRect();
    return { x: event.clientX - this.#rect.left, y: event.clientY - this.#rect.top };
  }

  get isPressed(): boolean {
    return this.#gesture.kind !== 'none';
  }

  #down(event: PointerEvent): void {
    this.forgetPlace();
    const at = this.place(event);
    if (event.pointerType === 'touch') this.#touches.set(event.pointerId, at);
    if (this.#touches.size >= 2) return this.#beginPinch(event);
    if (this.#gesture.kind !== 'none') return;
    if (this.#sink.pans(event)) {
      this.#capture(event);
      event.preventDefault();
      this.#gesture = { kind: 'pan', pointer: event.pointerId, from: at, last: at, hasMoved: false };
    } else if (event.button === 0) {
      this.#capture(event);
      this.#gesture = { kind: 'press', pointer: event.pointerId };
      this.#sink.press(event, at, this.#isDouble(event, at));
    }
  }

  #move(event: PointerEvent): void {
    const at = this.place(event);
    const gesture = this.#gesture;
    if (gesture.kind === 'pinch') return this.#pinchMove(event, at, gesture.distance);
    if (gesture.kind === 'none') return this.#sink.hover(event, at);
    if (gesture.kind === 'spent' || gesture.pointer !== event.pointerId) return;
    if (gesture.kind === 'press') return this.#sink.drag(event, at);
    gesture.hasMoved ||= Math.hypot(at.x - gesture.from.x, at.y - gesture.from.y) > PAN_REACH;
    if (!gesture.hasMoved) return;
    this.#sink.pan(at.x - gesture.last.x, at.y - gesture.last.y);
    gesture.last = at;
  }

  #up(event: PointerEvent): void {
    this.#touches.delete(event.pointerId);
    const gesture = this.#gesture;
    const at = this.place(event);
    if (gesture.kind === 'pinch' || gesture.kind === 'spent') return this.#endPinch();
    if (gesture.kind === 'none' || gesture.pointer !== event.pointerId) return;
    this.#gesture = { kind: 'none' };
    if (gesture.kind === 'press') this.#sink.release(event, at);
    else if (!gesture.hasMoved) this.#sink.panClick(event, at);
  }

  /** Capture is lost after every release too; by then the gesture is over and nothing happens here. */
  #cancel(event: PointerEvent): void {
    this.#touches.delete(event.pointerId);
    const gesture = this.#gesture;
    if (gesture.kind === 'pinch' || gesture.kind === 'spent') return this.#endPinch();
    if (gesture.kind === 'none' || gesture.pointer !== event.pointerId) return;
    this.#gesture = { kind: 'none' };
    this.#lastPress = null;
    if (gesture.kind === 'press') this.#sink.abandon();
  }

  #beginPinch(event: PointerEvent): void {
    if (this.#gesture.kind === 'press') this.#sink.abandon();
    this.#capture(event);
    this.#lastPress = null;
    const { distance, middle } = spread(this.#touches);
    this.#gesture = { kind: 'pinch', distance: Math.max(distance, 1) };
    this.#sink.pinchStart(middle);
  }

  #pinchMove(event: PointerEvent, at: Place, startDistance: number): void {
    if (!this.#touches.has(event.pointerId)) return;
    this.#touches.set(event.pointerId, at);
    const { distance, middle } = spread(this.#touches);
    this.#sink.pinch(Math.max(distance, 1) / startDistance, middle);
  }

  #endPinch(): void {
    if (this.#touches.size === 0) this.#gesture = { kind: 'none' };
    else if (this.#touches.size === 1) this.#gesture = { kind: 'spent' };
  }

  #isDouble(event: PointerEvent, at: Place): boolean {
    const last = this.#lastPress;
    const reach = event.pointerType === 'touch' ? DOUBLE_REACH.touch : DOUBLE_REACH.mouse;
    const isDouble =
      last !== null && event.timeStamp - last.time < DOUBLE_MS && Math.hypot(at.x - last.at.x, at.y - last.at.y) <= reach;
    this.#lastPress = isDouble ? null : { at, time: event.timeStamp };
    return isDouble;
  }

  /** A pointer that is gone already cannot be captured, which changes nothing. */
  #capture(event: PointerEvent): void {
    if (this.#element.hasPointerCapture(event.pointerId)) return;
    try {
      this.#element.setPointerCapture(event.pointerId);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
    }
  }
}

function spread(touches: ReadonlyMap<number, Place>): { middle: Place; distance: number } {
  const [a, b] = [...touches.values()] as [Place, Place];
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, distance: Math.hypot(a.x - b.x, a.y - b.y) };
}
