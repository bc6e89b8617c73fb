import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import type { EllipseShape, RectangleShape } from '../../model/types';
import { isInside, lastInside, pushedInside } from './clamp';
import { areaOf, cornersOf, frameOf, fromFrame, intoFrame, nearestEdge, shapeBetween, shapeOfFrame } from './geometry';

const number = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const rectangle: fc.Arbitrary<RectangleShape> = fc.record({
  kind: fc.constant('rectangle'), x: number(0, 2000), y: number(0, 2000),
  width: number(1, 500), height: number(1, 500), rotation: number(0, 360),
});

describe('frames', () => {
  it('give a rectangle back as it was', () => {
    fc.assert(
      fc.property(rectangle, (shape) => {
        const back = shapeOfFrame('rectangle', frameOf(shape)) as RectangleShape;
        expect(back.x).toBeCloseTo(shape.x, 6);
        expect(back.y).toBeCloseTo(shape.y, 6);
        expect(back.width).toBeCloseTo(shape.width, 6);
        expect(back.rotation).toBe(shape.rotation);
      }),
    );
  });

  it('turn about the top left corner for rectangles, as on the wire', () => {
    const frame = frameOf({ kind: 'rectangle', x: 100, y: 100, width: 40, height: 20, rotation: 90 });
    const [topLeft, topRight] = cornersOf(frame);
    expect(topLeft[0]).toBeCloseTo(100);
    expect(topLeft[1]).toBeCloseTo(100);
    expect(topRight[0]).toBeCloseTo(100);
    expect(topRight[1]).toBeCloseTo(140);
  });

  it('map a point in and out', () => {
    const frame = frameOf({ kind: 'ellipse', x: 50, y: 60, radiusX: 10, radiusY: 5, rotation: 33 });
    const [x, y] = intoFrame(frame, 71, 42);
    const [px, py] = fromFrame(frame, x, y);
    expect(px).toBeCloseTo(71);
    expect(py).toBeCloseTo(42);
  });

  it('lie between two corners, whichever was first', () => {
    expect(shapeBetween('rectangle', [30, 40], [10, 20])).toEqual({
      kind: 'rectangle', x: 10, y: 20, width: 20, height: 20, rotation: 0,
    });
    expect(shapeBetween('ellipse', [10, 20], [30, 50])).toMatchObject({ x: 20, y: 35, radiusX: 10, radiusY: 15 });
  });
});

describe('areas and edges', () => {
  it('measure what is inside', () => {
    expect(areaOf({ kind: 'polygon', points: [[0, 0], [10, 0], [10, 10]], closed: true })).toBe(50);
    expect(areaOf({ kind: 'polygon', points: [[0, 0], [10, 0], [10, 10]], closed: false })).toBe(0);
    expect(areaOf({ kind: 'keypoint', x: 1, y: 1, width: 1 })).toBe(0);
  });

  it('find the nearest edge, the closing one only of a closed polygon', () => {
    const points = [[0, 0], [10, 0], [10, 10]] as const;
    expect(nearestEdge(points, true, 4, 5).index).toBe(2);
    expect(nearestEdge(points, false, 4, 5).index).not.toBe(2);
  });
});

describe('the picture’s edge', () => {
  const size = { width: 100, height: 100 };

  it('stops a way that would leave the picture', () => {
    const shapeAt = (part: number): EllipseShape =>
      ({ kind: 'ellipse', x: 50, y: 50, radiusX: 10 + part * 100, radiusY: 5, rotation: 0 });
    const shape = lastInside(shapeAt, size);
    expect(shape.radiusX).toBeCloseTo(50, 3);
    expect(isInside(shape, size)).toBe(true);
  });

  it('lets a shape that stands out from the start go its way', () => {
    const shapeAt = (part: number): RectangleShape =>
      ({ kind: 'rectangle', x: -20, y: 0, width: 10 + part, height: 10, rotation: 0 });
    expect(lastInside(shapeAt, size).width).toBe(11);
  });

  it('pushes a shape in where it fits, and says so where it does not', () => {
    const rect = { kind: 'rectangle', x: -20, y: 95, width: 30, height: 30, rotation: 0 } as const;
    expect(pushedInside(rect, size)).toMatchObject({ x: 0, y: 70 });
    expect(pushedInside({ ...rect, width: 300 }, size)).toBeNull();
  });
});
