import { describe, expect, it } from 'vitest';
import type { Shape } from '../../model/types';
import { shapeBounds } from '../../tags/registry';
import { isInside } from './clamp';
import { dropShape, settle, stretch } from './keyboard-shapes';

const size = { width: 400, height: 300 };
const visible = { minX: 100, minY: 100, maxX: 300, maxY: 200 };

describe('a shape dropped by key', () => {
  it.each(['rectangle', 'ellipse', 'polygon', 'keypoint'] as const)('lies in the middle of what is seen: %s', (kind) => {
    const box = shapeBounds(dropShape(kind, visible, 1)!);
    expect((box.minX + box.maxX) / 2).toBeCloseTo(200);
    expect((box.minY + box.maxY) / 2).toBeCloseTo(150);
  });

  it('is none for a span', () => {
    expect(dropShape('span', visible, 1)).toBeNull();
  });

  it('is pushed in where it sticks out', () => {
    const shape = settle({ kind: 'rectangle', x: -5, y: 290, width: 30, height: 30, rotation: 0 }, size);
    expect(isInside(shape, size)).toBe(true);
  });
});

describe('resizing by key', () => {
  it('moves the right and lower sides', () => {
    const shape: Shape = { kind: 'rectangle', x: 10, y: 20, width: 30, height: 40, rotation: 0 };
    expect(stretch(shape, 5, -10, size)).toEqual({ ...shape, width: 35, height: 30 });
  });

  it('leaves the upper left corner of a turned shape where it is', () => {
    const shape: Shape = { kind: 'rectangle', x: 200, y: 100, width: 30, height: 40, rotation: 40 };
    const grown = stretch(shape, 10, 0, size);
    expect(grown).toMatchObject({ rotation: 40, width: 40 });
    expect((grown as typeof shape).x).toBeCloseTo(200);
    expect((grown as typeof shape).y).toBeCloseTo(100);
  });

  it('keeps the left side of an ellipse', () => {
    const grown = stretch({ kind: 'ellipse', x: 100, y: 100, radiusX: 20, radiusY: 10, rotation: 0 }, 10, 0, size);
    expect(shapeBounds(grown)).toMatchObject({ minX: 80, maxX: 130 });
  });

  it('stretches a polygon from its upper left', () => {
    const grown = stretch({ kind: 'polygon', points: [[0, 0], [10, 0], [10, 20]], closed: true }, 10, 0, size);
    expect(grown).toMatchObject({ points: [[0, 0], [20, 0], [20, 20]] });
  });

  it('ends at the shortest side and at the edge', () => {
    const shape: Shape = { kind: 'rectangle', x: 390, y: 20, width: 5, height: 5, rotation: 0 };
    expect(stretch(shape, -100, 0, size)).toMatchObject({ width: 1 });
    expect((stretch(shape, 100, 0, size) as typeof shape).width).toBeCloseTo(10, 4);
  });
});
