import { describe, expect, it } from 'vitest';
import fc from '../../test-examples';
import type { Shape } from '../model/types';
import { moveShape, rotateShape, shapeBounds, shapeHit, SHAPES, validateShape } from './registry';
import { rectangleCorners } from './rectangle/shape';
import { savedText } from './labels/shape';

const length = fc.double({ min: 1, max: 500, noNaN: true });
const place = fc.double({ min: -1000, max: 1000, noNaN: true });
const degrees = fc.double({ min: 0, max: 360, noNaN: true });
const point = fc.tuple(place, place);
const rectangle = fc.record({ kind: fc.constant('rectangle' as const), x: place, y: place, width: length, height: length, rotation: degrees });
const ellipse = fc.record({ kind: fc.constant('ellipse' as const), x: place, y: place, radiusX: length, radiusY: length, rotation: degrees });
const polygon = fc.record({ kind: fc.constant('polygon' as const), points: fc.array(point, { minLength: 3, maxLength: 8 }), closed: fc.constant(true) });
const keypoint = fc.record({ kind: fc.constant('keypoint' as const), x: place, y: place, width: length });
const drawn: fc.Arbitrary<Shape> = fc.oneof(rectangle, ellipse, polygon, keypoint);

function middle(shape: Shape): [number, number] {
  const box = shapeBounds(shape);
  return [(box.minX + box.maxX) / 2, (box.minY + box.maxY) / 2];
}

describe('every shape that is drawn', () => {
  it('moves as its bounds do', () => {
    fc.assert(
      fc.property(drawn, place, place, (shape, dx, dy) => {
        const [before, after] = [shapeBounds(shape), shapeBounds(moveShape(shape, dx, dy))];
        expect(after.minX - before.minX).toBeCloseTo(dx, 6);
        expect(after.maxY - before.maxY).toBeCloseTo(dy, 6);
      }),
    );
  });

  it('is hit only within its bounds and the tolerance', () => {
    fc.assert(
      fc.property(drawn, point, (shape, [x, y]) => {
        const box = shapeBounds(shape);
        const isNear = x >= box.minX - 2.001 && x <= box.maxX + 2.001 && y >= box.minY - 2.001 && y <= box.maxY + 2.001;
        if (shapeHit(shape, x, y, 0)) expect(isNear).toBe(true);
      }),
    );
  });

  it('comes back after a turn and the turn back', () => {
    fc.assert(
      fc.property(fc.oneof(rectangle, ellipse, keypoint), degrees, (shape, by) => {
        const [x, y] = middle(rotateShape(rotateShape(shape, by), -by));
        expect(x).toBeCloseTo(middle(shape)[0], 6);
        expect(y).toBeCloseTo(middle(shape)[1], 6);
      }),
    );
  });

  it('keeps its middle when it turns', () => {
    fc.assert(
      fc.property(rectangle, degrees, (shape, by) => {
        const [a, , c] = rectangleCorners(shape);
        const [d, , f] = rectangleCorners(SHAPES.rectangle.rotate(shape, by));
        expect((d[0] + f[0]) / 2).toBeCloseTo((a[0] + c[0]) / 2, 6);
        expect((d[1] + f[1]) / 2).toBeCloseTo((a[1] + c[1]) / 2, 6);
      }),
    );
  });
});

it('a rectangle turns clockwise about its top left corner', () => {
  const [, right, , below] = rectangleCorners({ kind: 'rectangle', x: 10, y: 20, width: 30, height: 5, rotation: 90 });
  expect(right[0]).toBeCloseTo(10, 9);
  expect(right[1]).toBeCloseTo(50, 9);
  expect(below[0]).toBeCloseTo(5, 9);
});

it('a turned rectangle is hit where it lies, not where it lay', () => {
  const shape: Shape = { kind: 'rectangle', x: 100, y: 100, width: 80, height: 10, rotation: 90 };
  expect(shapeHit(shape, 95, 150, 0)).toBe(true);
  expect(shapeHit(shape, 150, 105, 0)).toBe(false);
});

it('an open polygon is hit on its lines only', () => {
  const shape: Shape = { kind: 'polygon', closed: false, points: [[0, 0], [100, 0], [100, 100]] };
  expect(shapeHit(shape, 80, 50, 2)).toBe(false);
  expect(shapeHit(shape, 50, 1, 2)).toBe(true);
  expect(shapeHit({ ...shape, closed: true }, 80, 50, 2)).toBe(true);
});

it('an ellipse is not hit in the corners of its box', () => {
  const shape: Shape = { kind: 'ellipse', x: 0, y: 0, radiusX: 50, radiusY: 20, rotation: 0 };
  expect(shapeHit(shape, 45, 18, 0)).toBe(false);
  expect(shapeHit(shape, 45, 0, 0)).toBe(true);
  expect(shapeBounds({ ...shape, rotation: 90 }).maxY).toBeCloseTo(50, 9);
});

it.each<[string, Shape]>([
  ['a rectangle without area', { kind: 'rectangle', x: 0, y: 0, width: 0, height: 4, rotation: 0 }],
  ['a polygon of two points', { kind: 'polygon', points: [[0, 0], [1, 1]], closed: true }],
  ['an ellipse without a radius', { kind: 'ellipse', x: 0, y: 0, radiusX: 0, radiusY: 1, rotation: 0 }],
  ['an empty span', { kind: 'span', start: 3, end: 3 }],
])('%s is no region', (_, shape) => {
  expect(validateShape(shape)).toMatch(/needs/);
});

it('a saved text writes every line break as a backslash and n', () => {
  expect(savedText('one\nLine \u{1F600} two \r\nend')).toBe('one\\nLine \u{1F600} two \\n\\nend');
});
