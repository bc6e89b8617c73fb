import { moveInside } from '../model/geometry.ts';
import type { PictureSize, Shape } from '../model/types.ts';
import { moveShape, shapeBounds } from '../tags/registry.ts';

/** A typed shape put inside the picture: cut to its size, then pushed in. */
export function clampShape(shape: Shape, size: PictureSize): Shape {
  const cut = cutToSize(shape, size);
  return moveShape(cut, ...moveInside(shapeBounds(cut), size));
}

function cutToSize(shape: Shape, size: PictureSize): Shape {
  if (shape.kind === 'rectangle') {
    return { ...shape, width: Math.min(Math.max(shape.width, 1), size.width), height: Math.min(Math.max(shape.height, 1), size.height) };
  }
  if (shape.kind === 'ellipse') {
    return {
      ...shape,
      radiusX: Math.min(Math.max(shape.radiusX, 0.5), size.width / 2),
      radiusY: Math.min(Math.max(shape.radiusY, 0.5), size.height / 2),
    };
  }
  return shape;
}
