import type { PictureSize, Shape } from '../../model/types';
import type { Camera } from './camera';
import { frameOf } from './geometry';

/** Radius of a point's dot on screen, in CSS px: its own size, but never so small that it is lost. */
export function dotRadius(width: number, size: PictureSize, scale: number): number {
  return Math.max(4, ((width / 100) * size.width * scale) / 2);
}

/** Whether a shape can be painted by fillRect and strokeRect, which is far cheaper than a path. */
export function isUprightBox(shape: Shape): boolean {
  return shape.kind === 'rectangle' && shape.rotation === 0;
}

/** What paints: on the page, or beside it. */
export type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Puts the outline of a shape on the context's current path, in view units. */
export function trace(context: Pen, shape: Shape, camera: Camera, size: PictureSize): void {
  const { scale, x, y } = camera;
  switch (shape.kind) {
    case 'rectangle': {
      if (shape.rotation === 0) {
        context.rect(shape.x * scale + x, shape.y * scale + y, shape.width * scale, shape.height * scale);
        return;
      }
      const angle = (shape.rotation * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
      const [left, top] = [shape.x * scale + x, shape.y * scale + y];
      context.moveTo(left, top);
      context.lineTo(left + shape.width * cos, top + shape.width * sin);
      context.lineTo(left + shape.width * cos - shape.height * sin, top + shape.width * sin + shape.height * cos);
      context.lineTo(left - shape.height * sin, top + shape.height * cos);
      context.closePath();
      return;
    }
    case 'ellipse': {
      const { cx, cy, halfWidth, halfHeight, rotation } = frameOf(shape);
      const angle = (rotation * Math.PI) / 180;
      context.moveTo(
        cx * scale + x + halfWidth * scale * Math.cos(angle),
        cy * scale + y + halfWidth * scale * Math.sin(angle),
      );
      context.ellipse(cx * scale + x, cy * scale + y, halfWidth * scale, halfHeight * scale, angle, 0, Math.PI * 2);
      return;
    }
    case 'polygon': {
      shape.points.forEach(([px, py], index) => {
        if (index === 0) context.moveTo(px * scale + x, py * scale + y);
        else context.lineTo(px * scale + x, py * scale + y);
      });
      if (shape.closed) context.closePath();
      return;
    }
    case 'keypoint': {
      const radius = dotRadius(shape.width, size, scale);
      context.moveTo(shape.x * scale + x + radius, shape.y * scale + y);
      context.arc(shape.x * scale + x, shape.y * scale + y, radius, 0, Math.PI * 2);
      return;
    }
    case 'span':
  }
}
