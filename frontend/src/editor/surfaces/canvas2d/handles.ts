import { normalDegrees } from '../../model/geometry';
import type { Point, PolygonShape, Shape } from '../../model/types';
import {
  type Frame, type FramedShape, frameOf, fromFrame, intoFrame, isFramed, nearestEdge, SHORTEST_SIDE, shapeOfFrame,
} from './geometry';

/** -1, 0 or 1 along each of the frame's own axes: (-1, -1) is the top left corner, (1, 0) the right side. */
export interface Grip {
  readonly kind: 'grip';
  readonly sx: -1 | 0 | 1;
  readonly sy: -1 | 0 | 1;
}

export type Handle = Grip | { readonly kind: 'rotate' } | { readonly kind: 'vertex'; readonly index: number };

export interface PlacedHandle {
  readonly handle: Handle;
  /** Picture pixels. */
  readonly at: Point;
}

export interface HandleReach {
  /** Half the side of a handle's target, in picture pixels. */
  readonly radius: number;
  /** How far the rotation knob stands off, in picture pixels. */
  readonly knob: number;
  readonly canRotate: boolean;
}

const CORNERS: readonly Grip[] = [
  { kind: 'grip', sx: -1, sy: -1 }, { kind: 'grip', sx: 1, sy: -1 },
  { kind: 'grip', sx: 1, sy: 1 }, { kind: 'grip', sx: -1, sy: 1 },
];
const SIDES: readonly Grip[] = [
  { kind: 'grip', sx: 0, sy: -1 }, { kind: 'grip', sx: 1, sy: 0 },
  { kind: 'grip', sx: 0, sy: 1 }, { kind: 'grip', sx: -1, sy: 0 },
];

/** The handles that are drawn on a selected shape. */
export function visibleHandles(shape: Shape, reach: HandleReach): PlacedHandle[] {
  if (shape.kind === 'polygon') {
    return shape.points.map((at, index) => ({ handle: { kind: 'vertex', index }, at }));
  }
  if (!isFramed(shape)) return [];
  const frame = frameOf(shape);
  const placed: PlacedHandle[] = CORNERS.map((handle) => ({ handle, at: gripPlace(frame, handle) }));
  if (reach.canRotate) placed.push({ handle: { kind: 'rotate' }, at: knobPlace(frame, reach.knob) });
  return placed;
}

/** The handle under a point, or null. The middle of a small shape stays free, so that it can be moved. */
export function handleAt(shape: Shape, x: number, y: number, reach: HandleReach): Handle | null {
  const near = visibleHandles(shape, reach)
    .map(({ handle, at }) => ({ handle, distance: Math.max(Math.abs(at[0] - x), Math.abs(at[1] - y)) }))
    .filter(({ distance }) => distance <= reach.radius)
    .sort((a, b) => a.distance - b.distance);
  if (!isFramed(shape)) return near[0]?.handle ?? null;
  const frame = frameOf(shape);
  const [dx, dy] = intoFrame(frame, x, y);
  if (Math.abs(dx) < frame.halfWidth / 2 && Math.abs(dy) < frame.halfHeight / 2) return null;
  return near[0]?.handle ?? sideAt(frame, dx, dy, reach.radius * 0.6);
}

export function gripPlace(frame: Frame, grip: Grip): Point {
  return fromFrame(frame, grip.sx * frame.halfWidth, grip.sy * frame.halfHeight);
}

function knobPlace(frame: Frame, knob: number): Point {
  return fromFrame(frame, 0, -frame.halfHeight - knob);
}

export interface ResizeWish {
  /** Where the grip is pulled to, in picture pixels. */
  readonly to: Point;
  readonly keepRatio: boolean;
}

/** The shape after one grip was pulled; the opposite corner or side stays. Pulled across, the shape turns over. */
export function resize(shape: FramedShape, grip: Grip, wish: ResizeWish): FramedShape {
  const frame = frameOf(shape);
  const [px, py] = intoFrame(frame, wish.to[0], wish.to[1]);
  const fixed = { x: -grip.sx * frame.halfWidth, y: -grip.sy * frame.halfHeight };
  let width = grip.sx === 0 ? frame.halfWidth * 2 : Math.abs(px - fixed.x);
  let height = grip.sy === 0 ? frame.halfHeight * 2 : Math.abs(py - fixed.y);
  if (wish.keepRatio && grip.sx !== 0 && grip.sy !== 0) [width, height] = inRatio(frame, width, height);
  width = Math.max(width, SHORTEST_SIDE);
  height = Math.max(height, SHORTEST_SIDE);
  const towardX = grip.sx === 0 ? 0 : px < fixed.x ? -1 : 1;
  const towardY = grip.sy === 0 ? 0 : py < fixed.y ? -1 : 1;
  const middle = fromFrame(
    frame,
    grip.sx === 0 ? 0 : fixed.x + (towardX * width) / 2,
    grip.sy === 0 ? 0 : fixed.y + (towardY * height) / 2,
  );
  const next = { cx: middle[0], cy: middle[1], halfWidth: width / 2, halfHeight: height / 2, rotation: frame.rotation };
  return shapeOfFrame(shape.kind, next);
}

/** The shape turned about its middle, to degrees in [0, 360). */
export function rotateTo(shape: FramedShape, degrees: number): FramedShape {
  return shapeOfFrame(shape.kind, { ...frameOf(shape), rotation: normalDegrees(degrees) });
}

/** Direction of the rotation knob for a pointer at a place: 0 is straight up from the middle. */
export function knobDegrees(shape: FramedShape, x: number, y: number): number {
  const { cx, cy } = frameOf(shape);
  return (Math.atan2(y - cy, x - cx) * 180) / Math.PI + 90;
}

export function moveVertex(shape: PolygonShape, index: number, to: Point): PolygonShape {
  return { ...shape, points: shape.points.map((point, i) => (i === index ? to : point)) };
}

/** Null when fewer than three points would be left. */
export function removeVertex(shape: PolygonShape, index: number): PolygonShape | null {
  if (shape.points.length <= 3) return null;
  return { ...shape, points: shape.points.filter((_, i) => i !== index) };
}

export interface Inserted {
  readonly shape: PolygonShape;
  readonly index: number;
}

/** A new point at (x, y), between the ends of the edge that lies within `tolerance` picture pixels, or null. */
export function insertVertex(shape: PolygonShape, x: number, y: number, tolerance: number): Inserted | null {
  const edge = nearestEdge(shape.points, shape.closed, x, y);
  if (edge.index < 0 || edge.distance > tolerance) return null;
  return { shape: { ...shape, points: shape.points.toSpliced(edge.index + 1, 0, [x, y]) }, index: edge.index + 1 };
}

/** Cursor for a handle of a shape that may be rotated. */
export function handleCursor(handle: Handle, shape: Shape): string {
  if (handle.kind === 'rotate') return 'grab';
  if (handle.kind === 'vertex') return 'move';
  const rotation = isFramed(shape) ? shape.rotation : 0;
  const direction = (Math.atan2(handle.sy, handle.sx) * 180) / Math.PI + rotation;
  const eighth = Math.round(normalDegrees(direction) / 45) % 4;
  return ['ew-resize', 'nwse-resize', 'ns-resize', 'nesw-resize'][eighth]!;
}

function sideAt(frame: Frame, dx: number, dy: number, tolerance: number): Grip | null {
  const isWithin = Math.abs(dx) <= frame.halfWidth + tolerance && Math.abs(dy) <= frame.halfHeight + tolerance;
  if (!isWithin) return null;
  const side = SIDES.find(({ sx, sy }) => {
    const off = sx === 0 ? dy - sy * frame.halfHeight : dx - sx * frame.halfWidth;
    return Math.abs(off) <= tolerance;
  });
  return side ?? null;
}

function inRatio(frame: Frame, width: number, height: number): [number, number] {
  const factor = Math.max(width / (frame.halfWidth * 2), height / (frame.halfHeight * 2));
  return [frame.halfWidth * 2 * factor, frame.halfHeight * 2 * factor];
}
