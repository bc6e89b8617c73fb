import type { Box, PictureSize } from '../../model/types';

/** Where the picture lies in the view: view = picture * scale + (x, y). View units are CSS px from the view's corner. */
export interface Camera {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** The element that the picture is seen through, in CSS px; the insets stay free around a fitted picture. */
export interface View {
  readonly width: number;
  readonly height: number;
  readonly insets: Insets;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** CSS px for one picture pixel at most. */
export const MAX_SCALE = 64;
const SMALLEST_ROOM = 40;

export function toView(camera: Camera, x: number, y: number): Place {
  return { x: x * camera.scale + camera.x, y: y * camera.scale + camera.y };
}

export function toPicture(camera: Camera, x: number, y: number): Place {
  return { x: (x - camera.x) / camera.scale, y: (y - camera.y) / camera.scale };
}

/** The camera under which the whole picture lies in the middle of the room between the insets. */
export function fitCamera(size: PictureSize, view: View): Camera {
  const room = roomOf(view);
  const scale = Math.min(room.width / size.width, room.height / size.height, MAX_SCALE);
  return {
    scale,
    x: room.x + (room.width - size.width * scale) / 2,
    y: room.y + (room.height - size.height * scale) / 2,
  };
}

/** Zooms about a point of the view: what lies under it stays under it, unless the picture would leave the view. */
export function zoomAt(camera: Camera, factor: number, at: Place, frame: { size: PictureSize; view: View }): Camera {
  const fitted = fitCamera(frame.size, frame.view).scale;
  const scale = Math.min(Math.max(camera.scale * factor, fitted), Math.max(MAX_SCALE, fitted));
  const grown = scale / camera.scale;
  const moved = { scale, x: at.x - (at.x - camera.x) * grown, y: at.y - (at.y - camera.y) * grown };
  return constrain(moved, frame.size, frame.view);
}

/** Keeps the picture in reach: centred where it fits, else no farther out than 40 % of the room. */
export function constrain(camera: Camera, size: PictureSize, view: View): Camera {
  const room = roomOf(view);
  return {
    scale: camera.scale,
    x: constrainAxis(camera.x, size.width * camera.scale, { from: room.x, length: room.width }),
    y: constrainAxis(camera.y, size.height * camera.scale, { from: room.y, length: room.height }),
  };
}

/** The camera that brings a box into view: as it is when the box is seen well, else moved, and zoomed out if it must. */
export function cameraShowing(box: Box, camera: Camera, frame: { size: PictureSize; view: View }): Camera {
  const room = roomOf(frame.view);
  const from = toView(camera, box.minX, box.minY);
  const to = toView(camera, box.maxX, box.maxY);
  const isSeen =
    from.x >= room.x && from.y >= room.y && to.x <= room.x + room.width && to.y <= room.y + room.height;
  if (isSeen) return camera;
  const widest = Math.min(
    (room.width * 0.8) / Math.max(box.maxX - box.minX, 1e-9),
    (room.height * 0.8) / Math.max(box.maxY - box.minY, 1e-9),
  );
  const scale = Math.max(Math.min(camera.scale, widest), fitCamera(frame.size, frame.view).scale);
  const x = room.x + room.width / 2 - ((box.minX + box.maxX) / 2) * scale;
  const y = room.y + room.height / 2 - ((box.minY + box.maxY) / 2) * scale;
  return constrain({ scale, x, y }, frame.size, frame.view);
}

/** The part of the picture that is seen, in picture pixels. */
export function visibleBox(camera: Camera, size: PictureSize, view: View): Box {
  const from = toPicture(camera, 0, 0);
  const to = toPicture(camera, view.width, view.height);
  return {
    minX: Math.max(from.x, 0),
    minY: Math.max(from.y, 0),
    maxX: Math.min(to.x, size.width),
    maxY: Math.min(to.y, size.height),
  };
}

/** The CSS transform that makes something painted under one camera look as under another. */
export function transformBetween(painted: Camera, now: Camera): { scale: number; x: number; y: number } {
  const scale = now.scale / painted.scale;
  return { scale, x: now.x - painted.x * scale, y: now.y - painted.y * scale };
}

/** Between two cameras; the scale moves evenly to the eye. part: 0 to 1. */
export function blend(from: Camera, to: Camera, part: number): Camera {
  if (part >= 1) return to;
  return {
    scale: from.scale * (to.scale / from.scale) ** part,
    x: from.x + (to.x - from.x) * part,
    y: from.y + (to.y - from.y) * part,
  };
}

function roomOf(view: View): { x: number; y: number; width: number; height: number } {
  const { insets } = view;
  return {
    x: insets.left,
    y: insets.top,
    width: Math.max(view.width - insets.left - insets.right, SMALLEST_ROOM),
    height: Math.max(view.height - insets.top - insets.bottom, SMALLEST_ROOM),
  };
}

function constrainAxis(at: number, length: number, room: { from: number; length: number }): number {
  const over = length - room.length;
  if (over <= 0) return room.from - over / 2;
  const slack = Math.min(room.length * 0.4, over);
  return Math.min(Math.max(at, room.from - over - slack), room.from + slack);
}
