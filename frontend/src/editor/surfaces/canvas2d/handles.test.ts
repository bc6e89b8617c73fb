import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import type { PolygonShape, RectangleShape } from '../../model/types';
import { cornersOf, frameOf } from './geometry';
import { type Grip, gripPlace, handleAt, handleCursor, insertVertex, knobDegrees, moveVertex, removeVertex, resize, rotateTo, visibleHandles } from './handles';

const box: RectangleShape = { kind: 'rectangle', x: 100, y: 100, width: 200, height: 100, rotation: 0 };
const reach = { radius: 7, knob: 24, canRotate: true };
const bottomRight: Grip = { kind: 'grip', sx: 1, sy: 1 };
const polygon: PolygonShape = { kind: 'polygon', points: [[0, 0], [100, 0], [100, 100], [0, 100]], closed: true };

describe('handles', () => {
  it('stand on the corners and above the top side', () => {
    const places = visibleHandles(box, reach).map(({ at }) => at);
    expect(places).toEqual([[100, 100], [300, 100], [300, 200], [100, 200], [200, 76]]);
  });

  it('leave the rotation knob out where the config forbids to rotate', () => {
    expect(visibleHandles(box, { ...reach, canRotate: false })).toHaveLength(4);
  });

  it('are found at corners, along sides and at the knob, and not in the middle', () => {
    expect(handleAt(box, 303, 197, reach)).toEqual(bottomRight);
    expect(handleAt(box, 301, 150, reach)).toEqual({ kind: 'grip', sx: 1, sy: 0 });
    expect(handleAt(box, 200, 78, reach)).toEqual({ kind: 'rotate' });
    expect(handleAt(box, 200, 150, reach)).toBeNull();
    expect(handleAt(box, 330, 150, reach)).toBeNull();
  });

  it('leave the middle of a small shape free, so that it can be moved', () => {
    const small: RectangleShape = { ...box, width: 12, height: 12 };
    expect(handleAt(small, 106, 106, reach)).toBeNull();
    expect(handleAt(small, 112, 112, reach)).toEqual(bottomRight);
  });

  it('are larger for a finger', () => {
    expect(handleAt(box, 311, 211, reach)).toBeNull();
    expect(handleAt(box, 311, 211, { ...reach, radius: 14 })).toEqual(bottomRight);
  });

  it('show the way they pull, also on a turned shape', () => {
    expect(handleCursor(bottomRight, box)).toBe('nwse-resize');
    expect(handleCursor(bottomRight, { ...box, rotation: 90 })).toBe('nesw-resize');
    expect(handleCursor({ kind: 'grip', sx: 1, sy: 0 }, { ...box, rotation: 92 })).toBe('ns-resize');
  });
});

describe('resizing', () => {
  it('moves one corner and leaves the opposite one', () => {
    expect(resize(box, bottomRight, { to: [350, 260], keepRatio: false })).toEqual({ ...box, width: 250, height: 160 });
  });

  it('leaves the opposite corner of a turned shape where it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 359 }), fc.integer({ min: 320, max: 600 }), (rotation, x) => {
        const turned = { ...box, rotation };
        const before = cornersOf(frameOf(turned))[0];
        const frame = frameOf(turned);
        const grip = gripPlace(frame, bottomRight);
        const after = cornersOf(frameOf(resize(turned, bottomRight, { to: [grip[0] + x / 100, grip[1]], keepRatio: false })))[0];
        expect(after[0]).toBeCloseTo(before[0], 6);
        expect(after[1]).toBeCloseTo(before[1], 6);
      }),
    );
  });

  it('turns the shape over when pulled across, with sides of at least one pixel', () => {
    expect(resize(box, bottomRight, { to: [40, 60], keepRatio: false })).toEqual({ ...box, x: 40, y: 60, width: 60, height: 40 });
    const flat = resize(box, bottomRight, { to: [100, 100], keepRatio: false });
    expect(flat).toMatchObject({ width: 1, height: 1 });
  });

  it('keeps the ratio on demand', () => {
    expect(resize(box, bottomRight, { to: [500, 150], keepRatio: true })).toMatchObject({ width: 400, height: 200 });
  });

  it('pulls a side without touching the other axis', () => {
    expect(resize(box, { kind: 'grip', sx: -1, sy: 0 }, { to: [50, 999], keepRatio: false })).toEqual({ ...box, x: 50, width: 250 });
  });
});

describe('rotating', () => {
  it('turns about the middle', () => {
    const turned = rotateTo(box, 450);
    const [before, after] = [frameOf(box), frameOf(turned)];
    expect(turned.rotation).toBe(90);
    expect(after.cx).toBeCloseTo(before.cx);
    expect(after.cy).toBeCloseTo(before.cy);
  });

  it('counts degrees clockwise from straight up', () => {
    expect(knobDegrees(box, 200, 0)).toBeCloseTo(0);
    expect(knobDegrees(box, 400, 150)).toBeCloseTo(90);
  });
});

describe('corners of polygons', () => {
  it('move, come and go', () => {
    expect(moveVertex(polygon, 1, [120, 5]).points[1]).toEqual([120, 5]);
    const inserted = insertVertex(polygon, 99, 50, 5)!;
    expect(inserted.index).toBe(2);
    expect(inserted.shape.points).toEqual([[0, 0], [100, 0], [99, 50], [100, 100], [0, 100]]);
    expect(removeVertex(inserted.shape, 2)!.points).toEqual(polygon.points);
  });

  it('are at least three', () => {
    expect(removeVertex({ ...polygon, points: polygon.points.slice(0, 3) }, 0)).toBeNull();
  });

  it('are not added far from every edge', () => {
    expect(insertVertex(polygon, 50, 50, 5)).toBeNull();
  });
});
