import { finite, toPercent, toPixels } from '../../model/results/percent';
import type { KeypointShape } from '../../model/types';
import type { ShapeModule } from '../tag';

/** Diameter of a new dot, percent of the picture's width, where the config and the wire say nothing. */
export const KEYPOINT_WIDTH_PERCENT = 0.5;

export const keypointShape: ShapeModule<KeypointShape> = {
  kind: 'keypoint',
  alwaysWritten: [],

  read(value, frame) {
    if (frame.kind !== 'picture') return null;
    const [x, y] = [finite(value.x), finite(value.y)];
    if (x === null || y === null) return null;
    const { width, height } = frame.size;
    return {
      kind: 'keypoint',
      x: toPixels(x, width),
      y: toPixels(y, height),
      width: finite(value.width) ?? KEYPOINT_WIDTH_PERCENT,
    };
  },

  write(shape, frame) {
    if (frame.kind !== 'picture') return {};
    const { width, height } = frame.size;
    return { x: toPercent(shape.x, width), y: toPercent(shape.y, height), width: shape.width };
  },

  bounds: ({ x, y }) => ({ minX: x, minY: y, maxX: x, maxY: y }),

  hit: (shape, x, y, tolerance) => Math.hypot(x - shape.x, y - shape.y) <= tolerance,

  translate: (shape, dx, dy) => ({ ...shape, x: shape.x + dx, y: shape.y + dy }),

  rotate: (shape) => shape,

  validate: () => null,
};
