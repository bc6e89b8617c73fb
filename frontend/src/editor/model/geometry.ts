import type { Box, PictureSize, Point } from './types';

const RADIANS = Math.PI / 180;

/** (x, y) turned clockwise about (cx, cy), y growing downwards. */
export function rotatePoint(x: number, y: number, cx: number, cy: number, degrees: number): [number, number] {
  if (degrees === 0) return [x, y];
  const cos = Math.cos(degrees * RADIANS);
  const sin = Math.sin(degrees * RADIANS);
  return [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos];
}

/** Degrees in [0, 360). */
export function normalDegrees(degrees: number): number {
  const turned = degrees % 360;
  return turned < 0 ? turned + 360 : turned;
}

export function boxOf(points: ReadonlyArray<Point>): Box {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (const [x, y] of points) {
    minX = Math.min(minX, x);
    minY = Math.min(minY, y);
    maxX = Math.max(maxX, x);
    maxY = Math.max(maxY, y);
  }
  return { minX, minY, maxX, maxY };
}

/** The smallest box around all of them; inverted and infinite when there is none. */
export function unionOf(boxes: Iterable<Box>): Box {
  const corners: Point[] = [];
  for (const box of boxes) corners.push([box.minX, box.minY], [box.maxX, box.maxY]);
  return boxOf(corners);
}

export function boxesMeet(a: Box, b: Box): boolean {
  return a.minX <= b.maxX && b.minX <= a.maxX && a.minY <= b.maxY && b.minY <= a.maxY;
}

/**
 * The part of a move that keeps `box` inside the picture. What is outside already may move in or along the edge,
 * never further out.
 */
export function clampMove(box: Box, dx: number, dy: number, size: PictureSize): [dx: number, dy: number] {
  return [clampAxis(box.minX, box.maxX, dx, size.width), clampAxis(box.minY, box.maxY, dy, size.height)];
}

function clampAxis(min: number, max: number, by: number, whole: number): number {
  if (by < 0) return Math.min(0, Math.max(by, -min));
  return Math.max(0, Math.min(by, whole - max));
}

/** The move that brings `box` into the picture, if it fits; else it is centred. */
export function moveInside(box: Box, size: PictureSize): [dx: number, dy: number] {
  return [insideAxis(box.minX, box.maxX, size.width), insideAxis(box.minY, box.maxY, size.height)];
}

function insideAxis(min: number, max: number, whole: number): number {
  if (max - min > whole) return whole / 2 - (min + max) / 2;
  if (min < 0) return -min;
  return max > whole ? whole - max : 0;
}

export function distanceToSegment(x: number, y: number, [ax, ay]: Point, [bx, by]: Point): number {
  const lengthSquared = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = lengthSquared === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / lengthSquared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - (ax + t * (bx - ax)), y - (ay + t * (by - ay)));
}

/** Even-odd rule. */
export function isInsidePolygon(x: number, y: number, points: ReadonlyArray<Point>): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [xi, yi] = points[i]!;
    const [xj, yj] = points[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
