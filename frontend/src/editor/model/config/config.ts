import type { ShapeKind } from '../types';

/** One element of a labelling config. Names of tags and attributes are lower-cased. */
export interface ConfigNode {
  /** Lower-cased: "rectanglelabels". */
  readonly tag: string;
  /** As written: "RectangleLabels". */
  readonly written: string;
  /** Keys lower-cased; "true" and "false" are booleans, except in `value`. */
  readonly attributes: Readonly<Record<string, string | boolean>>;
  readonly children: readonly ConfigNode[];
  /** The text directly inside, untrimmed. */
  readonly text: string;
  /** Where the element begins, both from 1. */
  readonly line: number;
  readonly column: number;
}

/** Attributes of a known tag, by their documented name, with defaults filled in. Unknown ones keep their lower-cased name. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LabelSpec {
  /** What stands in results: the alias where there is one. */
  readonly value: string;
  /** What is shown to people. */
  readonly shown: string;
  /** A CSS colour: the config's own, else a `var(--l…)` token. */
  readonly colour: string;
  /** What the config asks for. The key that it got is `hotkey` of the key map (tools/keymap.ts). */
  readonly hotkey?: string;
  readonly hint?: string;
  readonly selected: boolean;
  /** Most regions that may carry it. */
  readonly maxUsages?: number;
  readonly granularity?: Granularity;
}

export type Granularity = 'symbol' | 'word' | 'sentence' | 'paragraph';
export type ObjectKind = 'image' | 'text';

export interface ObjectTag {
  /** "Image" or "Text". */
  readonly tag: string;
  readonly kind: ObjectKind;
  readonly name: string;
  /** The template for its data: "$image". */
  readonly value: string;
  readonly attributes: Attributes;
  readonly line: number;
}

export interface ControlTag {
  /** As documented: "RectangleLabels". */
  readonly tag: string;
  /** What it makes: regions of one shape, or an answer about the whole task. */
  readonly makes: ShapeKind | 'answer';
  /** `type` of its results, and the key of the labels in their value: "rectanglelabels". */
  readonly resultType: string;
  readonly name: string;
  readonly toName: string;
  readonly attributes: Attributes;
  readonly labels: readonly LabelSpec[];
  /** Several labels (or choices) at once. */
  readonly multiple: boolean;
  readonly required: boolean;
  readonly line: number;
}

export interface UnsupportedTag {
  /** As written in the config, with what of it is not supported: `Video`, `Choices perRegion`. */
  readonly tag: string;
  readonly line: number;
}

export interface ConfigError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface EditorConfig {
  readonly tree: ConfigNode;
  readonly objects: readonly ObjectTag[];
  readonly controls: readonly ControlTag[];
  /** Tags that parse but that this editor cannot show; their results are kept untouched. */
  readonly unsupported: readonly UnsupportedTag[];
  readonly errors: readonly ConfigError[];
}

export function findControl(config: EditorConfig, name: string): ControlTag | undefined {
  return config.controls.find((control) => control.name === name);
}

export function findObject(config: EditorConfig, name: string): ObjectTag | undefined {
  return config.objects.find((object) => object.name === name);
}

export function findLabel(control: ControlTag | undefined, value: string): LabelSpec | undefined {
  return control?.labels.find((label) => label.value === value);
}
