import { boxOf, normalDegrees, rotatePoint } from '../../model/geometry';
import { finite, toPercent, toPixels } from '../../model/results/percent';
import type { Point, RectangleShape } from '../../model/types';
import type { ShapeModule } from '../tag';

/** Top left, top right, bottom right, bottom left, as they lie after rotation. */
export function rectangleCorners(shape: RectangleShape): [Point, Point, Point, Point] {
  const { x, y, width, height, rotation } = shape;
  const turned = (px: number, py: number): Point => rotatePoint(px, py, x, y, rotation);
  return [[x, y], turned(x + width, y), turned(x + width, y + height), turned(x, y + height)];
}

export const rectangleShape: ShapeModule<RectangleShape> = {
  kind: 'rectangle',
  alwaysWritten: [],

  read(value, frame) {
    if (frame.kind !== 'picture') return null;
    const [x, y, width, height] = [value.x, value.y, value.width, value.height].map(finite);
    if (x == null || y == null || width == null || height == null) return null;
    const { width: wide, height: high } = frame.size;
    return {
      kind: 'rectangle',
      x: toPixels(x, wide),
      y: toPixels(y, high),
      width: toPixels(width, wide),
      height: toPixels(height, high),
      rotation: finite(value.rotation) ?? 0,
    };
  },

  write(shape, frame) {
    if (frame.kind !== 'picture') return {};
    const { width: wide, height: high } = frame.size;
    return {
      x: toPercent(shape.x, wide),
      y: toPercent(shape.y, high),
      width: toPercent(shape.width, wide),
      height: toPercent(shape.height, high),
      rotation: shape.rotation,
    };
  },

  bounds(shape) {
    if (shape.rotation !== 0) return boxOf(rectangleCorners(shape));
    const { x, y, width, height } = shape;
    return { minX: x, minY: y, maxX: x + width, maxY: y + height };
  },

  hit(shape, x, y, tolerance) {
    const [px, py] = rotatePoint(x, y, shape.x, shape.y, -shape.rotation);
    const insideX = px >= shape.x - tolerance && px <= shape.x + shape.width + tolerance;
    return insideX && py >= shape.y - tolerance && py <= shape.y + shape.height + tolerance;
  },

  translate: (shape, dx, dy) => ({ ...shape, x: shape.x + dx, y: shape.y + dy }),

  rotate(shape, degrees) {
    const [corner, , opposite] = rectangleCorners(shape);
    const [cx, cy] = [(corner[0] + opposite[0]) / 2, (corner[1] + opposite[1]) / 2];
    const [x, y] = rotatePoint(shape.x, shape.y, cx, cy, degrees);
    return { ...shape, x, y, rotation: normalDegrees(shape.rotation + degrees) };
  },

  validate(shape) {
    return shape.width > 0 && shape.height > 0 ? null : 'A rectangle needs a width and a height above 0.';
  },
};
