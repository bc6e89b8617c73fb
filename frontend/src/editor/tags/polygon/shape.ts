import { boxOf, distanceToSegment, isInsidePolygon, rotatePoint } from '../../model/geometry';
import { finite, toPercent, toPixels } from '../../model/results/percent';
import type { Point, PolygonShape } from '../../model/types';
import type { ShapeModule } from '../tag';

function readPoint(item: unknown): Point | null {
  if (!Array.isArray(item) || item.length !== 2) return null;
  const [x, y] = item.map(finite);
  return x == null || y == null ? null : [x, y];
}

function readPoints(items: unknown): Point[] | null {
  if (!Array.isArray(items) || items.length === 0) return null;
  const points = items.map(readPoint);
  return points.every((point) => point !== null) ? points : null;
}

function isNearOutline(shape: PolygonShape, x: number, y: number, tolerance: number): boolean {
  const { points, closed } = shape;
  const segments = closed ? points.length : points.length - 1;
  if (points.length === 1) return distanceToSegment(x, y, points[0]!, points[0]!) <= tolerance;
  for (let i = 0; i < segments; i++) {
    if (distanceToSegment(x, y, points[i]!, points[(i + 1) % points.length]!) <= tolerance) return true;
  }
  return false;
}

export const polygonShape: ShapeModule<PolygonShape> = {
  kind: 'polygon',
  alwaysWritten: ['closed'],

  read(value, frame) {
    const points = readPoints(value.points);
    if (frame.kind !== 'picture' || points === null) return null;
    const { width, height } = frame.size;
    return {
      kind: 'polygon',
      points: points.map(([x, y]) => [toPixels(x, width), toPixels(y, height)]),
      closed: value.closed !== false,
    };
  },

  write(shape, frame) {
    if (frame.kind !== 'picture') return {};
    const { width, height } = frame.size;
    const points = shape.points.map(([x, y]) => [toPercent(x, width), toPercent(y, height)]);
    return { points, closed: shape.closed };
  },

  bounds: (shape) => boxOf(shape.points),

  hit(shape, x, y, tolerance) {
    if (shape.closed && isInsidePolygon(x, y, shape.points)) return true;
    return isNearOutline(shape, x, y, tolerance);
  },

  translate: (shape, dx, dy) => ({ ...shape, points: shape.points.map(([x, y]) => [x + dx, y + dy]) }),

  rotate(shape, degrees) {
    const { minX, minY, maxX, maxY } = boxOf(shape.points);
    const [cx, cy] = [(minX + maxX) / 2, (minY + maxY) / 2];
    return { ...shape, points: shape.points.map(([x, y]) => rotatePoint(x, y, cx, cy, degrees)) };
  },

  validate(shape) {
    return shape.points.length >= 3 ? null : 'A polygon needs at least three points.';
  },
};
