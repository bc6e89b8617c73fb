import { distanceToSegment, rotatePoint } from '../../model/geometry';
import type { Box, EllipseShape, Point, RectangleShape, Shape } from '../../model/types';

/** A rectangle or an ellipse seen from its middle: half sides along its own axes, degrees clockwise. Picture pixels. */
export interface Frame {
  readonly cx: number;
  readonly cy: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
  readonly rotation: number;
}

export type FramedShape = RectangleShape | EllipseShape;

/** No shape that is drawn or resized gets a side shorter than this, in picture pixels. */
export const SHORTEST_SIDE = 1;

export function isFramed(shape: Shape): shape is FramedShape {
  return shape.kind === 'rectangle' || shape.kind === 'ellipse';
}

export function frameOf(shape: FramedShape): Frame {
  if (shape.kind === 'ellipse') {
    const { x: cx, y: cy, radiusX: halfWidth, radiusY: halfHeight, rotation } = shape;
    return { cx, cy, halfWidth, halfHeight, rotation };
  }
  const { x, y, rotation } = shape;
  const halfWidth = shape.width / 2;
  const halfHeight = shape.height / 2;
  const [cx, cy] = rotatePoint(x + halfWidth, y + halfHeight, x, y, rotation);
  return { cx, cy, halfWidth, halfHeight, rotation };
}

/** The shape of the given kind that has this frame. */
export function shapeOfFrame(kind: FramedShape['kind'], frame: Frame): FramedShape {
  const { cx, cy, halfWidth, halfHeight, rotation } = frame;
  if (kind === 'ellipse') return { kind, x: cx, y: cy, radiusX: halfWidth, radiusY: halfHeight, rotation };
  const [x, y] = fromFrame(frame, -halfWidth, -halfHeight);
  return { kind, x, y, width: halfWidth * 2, height: halfHeight * 2, rotation };
}

/** The upright shape of the given kind between two opposite corners. */
export function shapeBetween(kind: FramedShape['kind'], from: Point, to: Point): FramedShape {
  const x = Math.min(from[0], to[0]);
  const y = Math.min(from[1], to[1]);
  const width = Math.abs(to[0] - from[0]);
  const height = Math.abs(to[1] - from[1]);
  if (kind === 'rectangle') return { kind, x, y, width, height, rotation: 0 };
  return { kind, x: x + width / 2, y: y + height / 2, radiusX: width / 2, radiusY: height / 2, rotation: 0 };
}

/** A point of the frame's own axes, from its middle, in picture pixels. */
export function fromFrame({ cx, cy, rotation }: Frame, x: number, y: number): Point {
  return rotatePoint(cx + x, cy + y, cx, cy, rotation);
}

/** A point of the picture on the frame's own axes, from its middle. */
export function intoFrame({ cx, cy, rotation }: Frame, x: number, y: number): Point {
  const [px, py] = rotatePoint(x, y, cx, cy, -rotation);
  return [px - cx, py - cy];
}

/** The four corners of a frame, clockwise from its top left. */
export function cornersOf(frame: Frame): readonly [Point, Point, Point, Point] {
  const { halfWidth: w, halfHeight: h } = frame;
  return [fromFrame(frame, -w, -h), fromFrame(frame, w, -h), fromFrame(frame, w, h), fromFrame(frame, -w, h)];
}

export function grow(box: Box, by: number): Box {
  return { minX: box.minX - by, minY: box.minY - by, maxX: box.maxX + by, maxY: box.maxY + by };
}

export function isBoxInside(inner: Box, outer: Box): boolean {
  return (
    inner.minX >= outer.minX && inner.minY >= outer.minY && inner.maxX <= outer.maxX && inner.maxY <= outer.maxY
  );
}

/** Area in square picture pixels; 0 for points and open lines. */
export function areaOf(shape: Shape): number {
  switch (shape.kind) {
    case 'rectangle':
      return shape.width * shape.height;
    case 'ellipse':
      return Math.PI * shape.radiusX * shape.radiusY;
    case 'polygon':
      return shape.closed ? polygonArea(shape.points) : 0;
    default:
      return 0;
  }
}

/** The edge of a polygon nearest to a point: it runs from points[index] to the next one. Index -1: there is none. */
export function nearestEdge(points: ReadonlyArray<Point>, closed: boolean, x: number, y: number): { index: number; distance: number } {
  let best = { index: -1, distance: Infinity };
  const edges = closed ? points.length : points.length - 1;
  for (let index = 0; index < edges; index++) {
    const distance = distanceToSegment(x, y, points[index]!, points[(index + 1) % points.length]!);
    if (distance < best.distance) best = { index, distance };
  }
  return best;
}

function polygonArea(points: ReadonlyArray<Point>): number {
  let twice = 0;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    twice += points[j]![0] * points[i]![1] - points[i]![0] * points[j]![1];
  }
  return Math.abs(twice) / 2;
}
