import type { Box, EllipseShape, KeypointShape, PolygonShape, RectangleShape, Shape, ShapeKind, SpanShape } from '../model/types';
import { choice, choices } from './choices/tag';
import { ellipseShape } from './ellipse/shape';
import { ellipseLabels } from './ellipse/tag';
import { header } from './header/tag';
import { image } from './image/tag';
import { keypointShape } from './keypoint/shape';
import { keypointLabels } from './keypoint/tag';
import { spanShape } from './labels/shape';
import { label, labels } from './labels/tag';
import { polygonShape } from './polygon/shape';
import { polygonLabels } from './polygon/tag';
import { rectangleShape } from './rectangle/shape';
import { rectangleLabels } from './rectangle/tag';
import { style } from './style/tag';
import type { ShapeModule, TagModule } from './tag';
import { text } from './text/tag';
import { view } from './view/tag';

/** Every tag that this editor can show. */
export const TAGS: readonly TagModule[] = [
  view, header, style,
  image, text,
  rectangleLabels, polygonLabels, ellipseLabels, keypointLabels, labels, label,
  choices, choice,
];

const TAGS_BY_NAME: ReadonlyMap<string, TagModule> = new Map(TAGS.map((module) => [module.tag.toLowerCase(), module]));

/** The module of a tag by its lower-cased name. */
export function tagModule(name: string): TagModule | undefined {
  return TAGS_BY_NAME.get(name);
}

interface ShapeModules {
  readonly rectangle: ShapeModule<RectangleShape>;
  readonly polygon: ShapeModule<PolygonShape>;
  readonly ellipse: ShapeModule<EllipseShape>;
  readonly keypoint: ShapeModule<KeypointShape>;
  readonly span: ShapeModule<SpanShape>;
}

export const SHAPES: ShapeModules = {
  rectangle: rectangleShape,
  polygon: polygonShape,
  ellipse: ellipseShape,
  keypoint: keypointShape,
  span: spanShape,
};

/** The module of a kind of shape; give it only shapes of that kind. */
export function shapeModule(kind: ShapeKind): ShapeModule<Shape> {
  return SHAPES[kind] as unknown as ShapeModule<Shape>;
}

export function shapeBounds(shape: Shape): Box {
  return shapeModule(shape.kind).bounds(shape);
}

export function shapeHit(shape: Shape, x: number, y: number, tolerance: number): boolean {
  return shapeModule(shape.kind).hit(shape, x, y, tolerance);
}

export function moveShape(shape: Shape, dx: number, dy: number): Shape {
  return dx === 0 && dy === 0 ? shape : shapeModule(shape.kind).translate(shape, dx, dy);
}

export function rotateShape(shape: Shape, degrees: number): Shape {
  return degrees === 0 ? shape : shapeModule(shape.kind).rotate(shape, degrees);
}

export function validateShape(shape: Shape): string | null {
  return shapeModule(shape.kind).validate(shape);
}
