import type { Editor } from '../../../model/editor';
import type { Box, PictureSize, Point, Region, RegionId, Shape } from '../../../model/types';
import type { HandleReach } from '../handles';

/** A pointer over the picture. */
export interface ToolPointer {
  /** Picture pixels; outside the picture they are below 0 or above its size. */
  readonly x: number;
  readonly y: number;
  /** CSS px from the view's corner. */
  readonly viewX: number;
  readonly viewY: number;
  readonly shift: boolean;
  /** Ctrl, or Command on a Mac. */
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly isTouch: boolean;
  /** The second press of a double click or double tap; false for all that follows a press. */
  readonly isDouble: boolean;
}

/** What is shown in place of, or in addition to, what the store holds, while a press lasts or a shape is in the making. */
export type Draft =
  | { readonly kind: 'drawing'; readonly shape: Shape; readonly rubber: Rubber | null }
  | { readonly kind: 'moved'; readonly ids: ReadonlySet<RegionId>; readonly dx: number; readonly dy: number }
  | { readonly kind: 'reshaped'; readonly id: RegionId; readonly shape: Shape };

export interface Rubber {
  readonly from: Point;
  readonly to: Point;
  /** The pointer is on the first corner, so that a click closes the polygon. */
  readonly closes: boolean;
}

/** What a tool may see and do. */
export interface Stage {
  readonly editor: Editor;
  readonly objectName: string;
  readonly size: PictureSize;
  /** CSS px for one picture pixel. */
  scale(): number;
  /** Regions under a point that are not hidden, the smallest first, the upper first among equals. */
  regionsAt(x: number, y: number, tolerance: number): Region[];
  /** Regions that lie wholly inside a box. */
  regionsWithin(box: Box): Region[];
  reachOf(region: Region, isTouch: boolean): HandleReach;
  setDraft(draft: Draft | null): void;
  setMarquee(box: Box | null): void;
  /** Corner of the selected polygon that keys act on. */
  pickedVertex: number | null;
  panBy(dx: number, dy: number): void;
  /** Whether shapes of a control lie on whole pixels. */
  snaps(fromName: string): boolean;
  /** Adds a region, or tells the person why there is none. */
  add(shape: Shape): Region | null;
  refuse(message: string): void;
}

/** A state machine from presses to shapes. Positions come unclamped; a tool keeps shapes inside the picture. */
export interface Tool {
  press(at: ToolPointer): void;
  /** The pointer moved while pressed. */
  drag(at: ToolPointer): void;
  release(at: ToolPointer): void;
  /** The pointer moved and is not pressed. */
  hover(at: ToolPointer): void;
  /** The press turned out to be something else (a second finger came, the system took the pointer away). */
  abandonPress(): void;
  /** Calls off what is in the making. False when there was nothing. */
  cancel(): boolean;
  /** Ends what can be ended by a key. False when there was nothing. */
  commit(): boolean;
  /** Takes the last step of what is in the making back. False when there was nothing. */
  stepBack(): boolean;
  isBusy(): boolean;
  cursor(at: ToolPointer | null): string;
}

/** How far the pointer must go for a press to count as a drag, CSS px. */
export function isDragged(from: ToolPointer, to: ToolPointer): boolean {
  return Math.hypot(to.viewX - from.viewX, to.viewY - from.viewY) > (to.isTouch ? 8 : 4);
}
