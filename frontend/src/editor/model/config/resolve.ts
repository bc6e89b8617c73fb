import type { ControlTag, EditorConfig, LabelSpec } from './config';
import { labelFrom } from './labels';
import { Palette } from './palette';

/** The fields of one task. */
export type TaskFields = Readonly<Record<string, unknown>>;

const WHOLE = /^\$[\w[\].{}]+$/i;
const VARIABLE = /\$[\w[\].{}]+/gi;

/**
 * A template with the task's fields filled in. A template that is one variable gives the field itself, of whatever
 * type (undefined where the task has none); else each variable is written into the text.
 */
export function resolveValue(template: string, task: TaskFields): unknown {
  if (WHOLE.test(template)) return fieldAt(task, template.slice(1));
  return template.replace(VARIABLE, (variable) => asText(fieldAt(task, variable.slice(1))));
}

export function resolveText(template: string, task: TaskFields): string {
  return asText(resolveValue(template, task));
}

/** The field at a path such as `a.b[0].c`; a field whose very name is the path comes first. */
export function fieldAt(task: TaskFields, path: string): unknown {
  if (Object.hasOwn(task, path)) return task[path];
  let at: unknown = task;
  for (const key of path.split(/[.[\]{}]+/).filter((part) => part !== '')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/**
 * The config for one task: controls whose labels come from the task (`value="$list"`) get them.
 * The same config where there are none.
 */
export function resolveConfig(config: EditorConfig, task: TaskFields): EditorConfig {
  if (!config.controls.some(takesLabels)) return config;
  const palette = new Palette();
  for (const { labels } of config.controls.filter(({ makes }) => makes !== 'answer')) {
    for (const label of labels) palette.colour(label.value, ownColour(label));
  }
  return { ...config, controls: config.controls.map((control) => withLabels(control, task, palette)) };
}

function takesLabels(control: ControlTag): boolean {
  return typeof control.attributes.value === 'string' && control.attributes.value.startsWith('$');
}

function withLabels(control: ControlTag, task: TaskFields, palette: Palette): ControlTag {
  const items = takesLabels(control) ? resolveValue(String(control.attributes.value), task) : [];
  if (!Array.isArray(items) || items.length === 0) return control;
  const labels = new Map(control.labels.map((label) => [label.value, label]));
  for (const item of items) {
    const label = labelFrom(asAttributes(item), control.makes === 'answer' ? null : palette);
    if (label !== null && !labels.has(label.value)) labels.set(label.value, label);
  }
  return { ...control, labels: [...labels.values()] };
}

function asAttributes(item: unknown): Record<string, string | number | boolean | undefined> {
  if (typeof item === 'string' || typeof item === 'number') return { value: item };
  if (typeof item !== 'object' || item === null) return {};
  const plain = ['string', 'number', 'boolean'];
  return Object.fromEntries(Object.entries(item).filter(([, value]) => plain.includes(typeof value)));
}

function ownColour(label: LabelSpec): string | undefined {
  return label.colour.startsWith('var(') ? undefined : label.colour;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}
