import { describe, expect, it } from 'vitest';
import { CameraControl } from './camera-control';

const insets = { top: 0, right: 0, bottom: 0, left: 0 };

function control(): CameraControl {
  const camera = new CameraControl({ width: 900, height: 1200 }, () => {});
  camera.resize({ width: 400, height: 800, insets });
  return camera;
}

describe('camera control', () => {
  it('keeps a fitted picture fitted when the view changes', () => {
    const camera = control();
    camera.resize({ width: 800, height: 800, insets });
    expect(camera.camera.scale).toBeCloseTo(800 / 1200);
  });

  it('keeps the middle of the view where it was when the picture is zoomed', () => {
    const camera = control();
    camera.zoomBy(4, { x: 200, y: 400 });
    const middle = camera.pictureAt({ x: 200, y: 400 });
    camera.resize({ width: 300, height: 700, insets });
    expect(camera.pictureAt({ x: 150, y: 350 }).x).toBeCloseTo(middle.x);
    expect(camera.pictureAt({ x: 150, y: 350 }).y).toBeCloseTo(middle.y);
  });

  it('holds the point between two fingers through a pinch, however each finger moves in turn', () => {
    const camera = control();
    const point = camera.pictureAt({ x: 200, y: 400 });
    const { scale } = camera.camera;
    for (let step = 1; step <= 6; step++) {
      camera.hold(point, { x: 200 - 5, y: 400 }, scale * (1 + (step - 0.5) / 3));
      camera.hold(point, { x: 200, y: 400 }, scale * (1 + step / 3));
    }
    expect(camera.camera.scale).toBeCloseTo(scale * 3);
    expect(camera.viewAt(point.x, point.y).x).toBeCloseTo(200);
    expect(camera.viewAt(point.x, point.y).y).toBeCloseTo(400);
  });
});
