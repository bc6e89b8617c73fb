import type { PictureSize, Point, Shape } from '../../model/types';
import { moveShape, shapeBounds } from '../../tags/registry';
import { moveInside } from '../../model/geometry';
import { isBoxInside } from './geometry';

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
