import type { PictureSize, Point, Shape } from '../../model/types';
import { moveShape, shapeBounds } from '../../tags/registry';
import { moveInside } from '../../model/geometry';
import { isBoxInside, SHORTEST_SIDE } from './geometry';

/** Rounding of a rotated corner may leave it this far out, in picture pixels. */
const SLACK = 1e-6;

export function clampPoint(x: number, y: number, size: PictureSize): Point {
  return [Math.min(Math.max(x, 0), size.width), Math.min(Math.max(y, 0), size.height)];
}

export function isInside(shape: Shape, size: PictureSize): boolean {
  const picture = { minX: -SLACK, minY: -SLACK, maxX: size.width + SLACK, maxY: size.height + SLACK };
  return isBoxInside(shapeBounds(shape), picture);
}

/** The shape pushed into the picture, or null when it is larger than the picture. */
export function pushedInside<S extends Shape>(shape: S, size: PictureSize): S | null {
  const [dx, dy] = moveInside(shapeBounds(shape), size);
  const moved = moveShape(shape, dx, dy) as S;
  return isInside(moved, size) ? moved : null;
}

/**
 * The last shape on the way from `shapeAt(0)` to `shapeAt(1)` that lies inside the picture.
 * A start that stands out already is let be: the way is then gone to its end.
 */
export function lastInside<S extends Shape>(shapeAt: (part: number) => S, size: PictureSize): S {
  const whole = shapeAt(1);
  if (isInside(whole, size) || !isInside(shapeAt(0), size)) return whole;
  let [inside, outside] = [0, 1];
  for (let step = 0; step < 24; step++) {
    const middle = (inside + outside) / 2;
    if (isInside(shapeAt(middle), size)) inside = middle;
    else outside = middle;
  }
  return shapeAt(inside);
}

/** The shape with its sides, corners or place on whole picture pixels (`snap="pixel"`); turned shapes stay as they are. */
export function onWholePixels(shape: Shape): Shape {
  switch (shape.kind) {
    case 'rectangle': {
      if (shape.rotation !== 0) return shape;
      const [x, y] = [Math.round(shape.x), Math.round(shape.y)];
      const width = Math.max(Math.round(shape.x + shape.width) - x, SHORTEST_SIDE);
      const height = Math.max(Math.round(shape.y + shape.height) - y, SHORTEST_SIDE);
      return { ...shape, x, y, width, height };
    }
    case 'polygon':
      return { ...shape, points: shape.points.map(([x, y]) => [Math.round(x), Math.round(y)] as const) };
    case 'keypoint':
      return { ...shape, x: Math.round(shape.x), y: Math.round(shape.y) };
    default:
      return shape;
  }
}
