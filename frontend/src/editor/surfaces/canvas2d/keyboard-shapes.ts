import { moveInside } from '../../model/geometry';
import type { Box, PictureSize, Shape, ShapeKind } from '../../model/types';
import { moveShape, shapeBounds } from '../../tags/registry';
import { isInside, lastInside } from './clamp';
import { frameOf, isFramed, SHORTEST_SIDE, shapeBetween, shapeOfFrame } from './geometry';

/** Share of the visible picture that a shape dropped by key takes. */
const SHARE = 0.25;

/** A shape of default size in the middle of what is seen; null for kinds that no picture has. */
export function dropShape(kind: ShapeKind, visible: Box, keypointWidth: number): Shape | null {
  const [cx, cy] = [(visible.minX + visible.maxX) / 2, (visible.minY + visible.maxY) / 2];
  const half = (Math.min(visible.maxX - visible.minX, visible.maxY - visible.minY) * SHARE) / 2;
  switch (kind) {
    case 'rectangle':
    case 'ellipse':
      return shapeBetween(kind, [cx - half, cy - half], [cx + half, cy + half]);
    case 'polygon': {
      const points = [[cx - half, cy - half], [cx + half, cy - half], [cx + half, cy + half], [cx - half, cy + half]] as const;
      return { kind, points, closed: true };
    }
    case 'keypoint':
      return { kind, x: cx, y: cy, width: keypointWidth };
    case 'span':
      return null;
  }
}

/**
 * Wider by dx and higher by dy picture pixels: the left and upper sides stay. Polygons stretch from their upper left.
 * Stops at the picture's edge and at the shortest side.
 */
export function stretch(shape: Shape, dx: number, dy: number, size: PictureSize): Shape {
  if (isFramed(shape)) {
    const frame = frameOf(shape);
    return lastInside((part) => {
      const width = Math.max(frame.halfWidth * 2 + dx * part, SHORTEST_SIDE);
      const height = Math.max(frame.halfHeight * 2 + dy * part, SHORTEST_SIDE);
      const grown = shapeOfFrame(shape.kind, { ...frame, halfWidth: width / 2, halfHeight: height / 2 });
      return anchored(grown, shape);
    }, size);
  }
  if (shape.kind !== 'polygon') return shape;
  const { minX, minY, maxX, maxY } = shapeBounds(shape);
  const [width, height] = [maxX - minX, maxY - minY];
  if (width === 0 || height === 0) return shape;
  return lastInside((part) => {
    const [scaleX, scaleY] = [factor(width, dx * part), factor(height, dy * part)];
    const points = shape.points.map(([x, y]) => [minX + (x - minX) * scaleX, minY + (y - minY) * scaleY] as const);
    return { ...shape, points };
  }, size);
}

/** A dropped shape that sticks out (a tiny picture) is pushed in. */
export function settle(shape: Shape, size: PictureSize): Shape {
  return isInside(shape, size) ? shape : moveShape(shape, ...moveInside(shapeBounds(shape), size));
}

function factor(side: number, by: number): number {
  return Math.max(side + by, SHORTEST_SIDE) / side;
}

/** The grown shape with the upper left corner of its own axes where that of the other one is. */
function anchored<S extends Shape>(grown: S, original: Shape): S {
  if (!isFramed(grown) || !isFramed(original)) return grown;
  const [now, then] = [frameOf(grown), frameOf(original)].map((frame) => {
    const corner = shapeOfFrame('rectangle', frame);
    return [corner.x, corner.y] as const;
  }) as [readonly [number, number], readonly [number, number]];
  return moveShape(grown, then[0] - now[0], then[1] - now[1]) as S;
}
