import { normalDegrees, rotatePoint } from '../../model/geometry';
import { finite, toPercent, toPixels } from '../../model/results/percent';
import type { EllipseShape } from '../../model/types';
import type { ShapeModule } from '../tag';

export const ellipseShape: ShapeModule<EllipseShape> = {
  kind: 'ellipse',
  alwaysWritten: [],

  read(value, frame) {
    if (frame.kind !== 'picture') return null;
    const [x, y, radiusX, radiusY] = [value.x, value.y, value.radiusX, value.radiusY].map(finite);
    if (x == null || y == null || radiusX == null || radiusY == null) return null;
    const { width, height } = frame.size;
    return {
      kind: 'ellipse',
      x: toPixels(x, width),
      y: toPixels(y, height),
      radiusX: toPixels(radiusX, width),
      radiusY: toPixels(radiusY, height),
      rotation: finite(value.rotation) ?? 0,
    };
  },

  write(shape, frame) {
    if (frame.kind !== 'picture') return {};
    const { width, height } = frame.size;
    return {
      x: toPercent(shape.x, width),
      y: toPercent(shape.y, height),
      radiusX: toPercent(shape.radiusX, width),
      radiusY: toPercent(shape.radiusY, height),
      rotation: shape.rotation,
    };
  },

  bounds(shape) {
    const angle = (shape.rotation * Math.PI) / 180;
    const halfX = Math.hypot(shape.radiusX * Math.cos(angle), shape.radiusY * Math.sin(angle));
    const halfY = Math.hypot(shape.radiusX * Math.sin(angle), shape.radiusY * Math.cos(angle));
    return { minX: shape.x - halfX, minY: shape.y - halfY, maxX: shape.x + halfX, maxY: shape.y + halfY };
  },

  hit(shape, x, y, tolerance) {
    const [px, py] = rotatePoint(x, y, shape.x, shape.y, -shape.rotation);
    const along = (px - shape.x) / (shape.radiusX + tolerance || 1e-9);
    const across = (py - shape.y) / (shape.radiusY + tolerance || 1e-9);
    return along * along + across * across <= 1;
  },

  translate: (shape, dx, dy) => ({ ...shape, x: shape.x + dx, y: shape.y + dy }),

  rotate: (shape, degrees) => ({ ...shape, rotation: normalDegrees(shape.rotation + degrees) }),

  validate(shape) {
    return shape.radiusX > 0 && shape.radiusY > 0 ? null : 'An ellipse needs two radii above 0.';
  },
};
