import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import { blend, type Camera, cameraShowing, constrain, fitCamera, MAX_SCALE, toPicture, toView, transformBetween, visibleBox, zoomAt } from './camera';

const size = { width: 2400, height: 1600 };
const view = { width: 1000, height: 800, insets: { top: 50, right: 20, bottom: 70, left: 20 } };
const frame = { size, view };

describe('camera', () => {
  it('fits the whole picture into the room between the insets, in its middle', () => {
    const camera = fitCamera(size, view);
    const from = toView(camera, 0, 0);
    const to = toView(camera, size.width, size.height);
    expect(camera.scale).toBeCloseTo(960 / 2400);
    expect([from.x, to.x]).toEqual([20, 980]);
    expect((from.y + to.y) / 2).toBeCloseTo((50 + 730) / 2);
  });

  it('enlarges a tiny picture, but not without end', () => {
    expect(fitCamera({ width: 8, height: 8 }, view).scale).toBe(MAX_SCALE);
  });

  it('maps a place to the picture and back', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 64, noNaN: true }), fc.integer(), fc.integer(), (scale, x, y) => {
        const camera: Camera = { scale, x: 12.5, y: -40 };
        const place = toView(camera, x % 5000, y % 5000);
        const back = toPicture(camera, place.x, place.y);
        expect(back.x).toBeCloseTo(x % 5000, 4);
        expect(back.y).toBeCloseTo(y % 5000, 4);
      }),
    );
  });

  it('keeps what lies under the pointer under it while zooming in', () => {
    const at = { x: 300, y: 500 };
    const before = fitCamera(size, view);
    const zoomed = zoomAt(before, 4, at, frame);
    const under = toPicture(before, at.x, at.y);
    const place = toView(zoomed, under.x, under.y);
    expect(zoomed.scale).toBeCloseTo(before.scale * 4);
    expect(place.x).toBeCloseTo(at.x);
    expect(place.y).toBeCloseTo(at.y);
  });

  it('ends in the fitted picture however it zooms out', () => {
    let camera = zoomAt(fitCamera(size, view), 30, { x: 900, y: 100 }, frame);
    for (let step = 0; step < 60; step++) camera = zoomAt(camera, 0.9, { x: 100 + step * 10, y: 700 }, frame);
    const fitted = fitCamera(size, view);
    expect(camera.scale).toBeCloseTo(fitted.scale);
    expect(camera.x).toBeCloseTo(fitted.x);
    expect(camera.y).toBeCloseTo(fitted.y);
  });

  it('never lets the picture leave the view', () => {
    const far = constrain({ scale: 2, x: 1e6, y: -1e6 }, size, view);
    const seen = visibleBox(far, size, view);
    expect(seen.maxX - seen.minX).toBeGreaterThan(0);
    expect(seen.maxY - seen.minY).toBeGreaterThan(0);
  });

  it('leaves a region that is seen whole where it is, and brings any other into view', () => {
    const camera = zoomAt(fitCamera(size, view), 5, { x: 500, y: 400 }, frame);
    const seen = visibleBox(camera, size, view);
    const inside = { minX: seen.minX + 100, minY: seen.minY + 100, maxX: seen.minX + 150, maxY: seen.minY + 150 };
    expect(cameraShowing(inside, camera, frame)).toBe(camera);
    const outside = { minX: 10, minY: 10, maxX: 60, maxY: 60 };
    const moved = visibleBox(cameraShowing(outside, camera, frame), size, view);
    expect(moved.minX).toBeLessThanOrEqual(10);
    expect(moved.maxX).toBeGreaterThanOrEqual(60);
    expect(moved.maxY).toBeGreaterThanOrEqual(60);
  });

  it('moves what was painted under one camera to where another one shows it', () => {
    const painted: Camera = { scale: 0.5, x: 10, y: 20 };
    const now: Camera = { scale: 1.5, x: -70, y: 5 };
    const moved = transformBetween(painted, now);
    const before = toView(painted, 333, 444);
    const after = toView(now, 333, 444);
    expect(before.x * moved.scale + moved.x).toBeCloseTo(after.x);
    expect(before.y * moved.scale + moved.y).toBeCloseTo(after.y);
  });

  it('arrives where an animation ends', () => {
    const to: Camera = { scale: 3, x: 1, y: 2 };
    expect(blend({ scale: 1, x: 0, y: 0 }, to, 1)).toBe(to);
    expect(blend({ scale: 1, x: 0, y: 0 }, to, 0.5).scale).toBeCloseTo(Math.sqrt(3));
  });
});
