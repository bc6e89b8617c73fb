import { expect, test } from 'vitest';
import { clampShape } from './clamp-shape.ts';

const size = { width: 100, height: 50 };

test('a typed box is cut to the picture and pushed inside', () => {
  const typed = { kind: 'rectangle', x: 90, y: -5, width: 400, height: 20, rotation: 0 } as const;
  expect(clampShape(typed, size)).toEqual({ ...typed, x: 0, y: 0, width: 100 });
});

test('a point stays inside', () => {
  expect(clampShape({ kind: 'keypoint', x: 120, y: 60, width: 1 }, size)).toMatchObject({ x: 100, y: 50 });
});
