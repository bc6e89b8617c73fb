import type { Attributes, ObjectKind } from '../model/config/config';
import type { OffsetTable } from '../model/results/offsets';
import type { Box, PictureSize, Shape, ShapeKind } from '../model/types';

/** What coordinates of a result refer to. */
export type Frame =
  | { readonly kind: 'picture'; readonly size: PictureSize }
  | { readonly kind: 'text'; readonly text: string; readonly offsets: OffsetTable; readonly saveText: boolean };

export type Value = Readonly<Record<string, unknown>>;

/** The geometry of one kind of shape, and its form on the wire. Pure functions; lengths in picture pixels. */
export interface ShapeModule<S extends Shape> {
  readonly kind: S['kind'];
  /** Keys that a result of ours always has, even where the one it was read from had not. */
  readonly alwaysWritten: readonly string[];
  /** From a result's value; null when it is no such shape (it then travels on untouched). */
  read(value: Value, frame: Frame): S | null;
  /** The geometry keys of a result's value, without labels. */
  write(shape: S, frame: Frame): Record<string, unknown>;
  bounds(shape: S): Box;
  /** Whether (x, y) is inside, or at most `tolerance` from the outline. */
  hit(shape: S, x: number, y: number, tolerance: number): boolean;
  translate(shape: S, dx: number, dy: number): S;
  /** Turned clockwise about its middle. */
  rotate(shape: S, degrees: number): S;
  /** Null when fine, else a sentence that says what is wrong. */
  validate(shape: S): string | null;
}

interface Tag {
  /** As documented: "RectangleLabels". */
  readonly tag: string;
  /** Documented attributes with Label Studio's defaults (those of its code); undefined where there is none. */
  readonly defaults: Attributes;
}

export interface ObjectModule extends Tag {
  readonly kind: 'object';
  readonly object: ObjectKind;
  /** What of it this editor cannot show, from the attributes: "Image valueList". */
  unsupported(attributes: Attributes): string | null;
}

export interface RegionModule extends Tag {
  readonly kind: 'region';
  readonly makes: ShapeKind;
  readonly on: ObjectKind;
  readonly resultType: string;
}

export interface ClassificationModule extends Tag {
  readonly kind: 'classification';
  readonly resultType: string;
  unsupported(attributes: Attributes): string | null;
}

export interface VisualModule extends Tag {
  readonly kind: 'visual';
}

/** An element inside a control: Label, Choice. */
export interface ChildModule extends Tag {
  readonly kind: 'child';
  /** Lower-cased tags of the elements that may hold it. */
  readonly within: readonly string[];
}

export type TagModule = ObjectModule | RegionModule | ClassificationModule | VisualModule | ChildModule;

/** Attributes that every control with labels takes. */
export const LABELS_DEFAULTS: Attributes = {
  name: undefined,
  toName: undefined,
  choice: 'single',
  maxUsages: undefined,
  showInline: true,
  opacity: 0.2,
  fillColor: undefined,
  fillOpacity: undefined,
  strokeColor: '#f48a42',
  strokeWidth: 1,
  allowEmpty: false,
  value: undefined,
  required: false,
  requiredMessage: undefined,
};

export const VISIBILITY_DEFAULTS: Attributes = {
  visibleWhen: undefined,
  whenTagName: undefined,
  whenLabelValue: undefined,
  whenChoiceValue: undefined,
};
