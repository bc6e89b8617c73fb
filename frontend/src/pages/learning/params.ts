import type { Param } from '../../api/learning';

/** A parameter as a form asks for it. */
export interface Asked extends Param {
  /** What holds while the field is empty; without it something must stand there. */
  optional?: string;
}

/** What a connection to any address can be told. */
export const USUAL_SETTINGS: readonly Asked[] = [
  { name: 'confidence', kind: 'float', default: '', least: 0, most: 1, label: 'Confidence', help: 'From 0 to 1. Regions that the model is less sure of are left out', optional: 'as the model has it' },
  { name: 'nms_overlap', kind: 'float', default: '', least: 0, most: 1, label: 'Overlap', help: 'From 0 to 1. Of two boxes that overlap more, one is left out', optional: 'as the model has it' },
  { name: 'image_size', kind: 'int', default: '', least: 32, most: 8192, label: 'Image size', help: 'Pixels of the longer side', optional: 'as the model has it' },
  { name: 'most_regions', kind: 'int', default: '', least: 1, most: 10_000, label: 'Most regions', help: 'For one task', optional: 'as the model has it' },
];

/** What stands in the fields, as it was typed. */
export type Typed = Readonly<Record<string, string>>;
export type Values = Record<string, string | number>;

/** What the fields of some parameters hold at first: what is kept, else the model's own defaults. */
export const typedOf = (params: readonly Asked[], kept: Readonly<Record<string, unknown>> = {}): Record<string, string> =>
  Object.fromEntries(params.map(({ name, default: fallback }) => [name, String(kept[name] ?? fallback ?? '')]));

/** What is wrong with a typed value, in words; nothing where it is fine. */
export function wrongWithParam({ kind, least, most, choices, optional }: Asked, typed: string): string | undefined {
  if (optional !== undefined && typed.trim() === '') return undefined;
  if (kind === 'text') return undefined;
  if (kind === 'choice') return choices && !choices.includes(typed) ? 'Choose one of the list.' : undefined;
  const value = Number(typed);
  if (typed.trim() === '' || !Number.isFinite(value)) return 'Type a number.';
  if (kind === 'int' && !Number.isInteger(value)) return 'Type a whole number.';
  if (least !== undefined && least !== null && value < least) return `At least ${least}.`;
  if (most !== undefined && most !== null && value > most) return `At most ${most}.`;
  return undefined;
}

export const areParamsFine = (params: readonly Asked[], typed: Typed): boolean => params.every((param) => wrongWithParam(param, typed[param.name] ?? '') === undefined);

/** The typed values in the kinds that the model wants. */
export const valuesOf = (params: readonly Asked[], typed: Typed): Values =>
  Object.fromEntries(params.filter(({ name, optional }) => optional === undefined || (typed[name] ?? '').trim() !== '').map(({ name, kind }) => [name, kind === 'int' || kind === 'float' ? Number(typed[name]) : (typed[name] ?? '')]));

/** Settings that nobody declared, one a line: "epochs = 20". Numbers become numbers. */
export function settingsIn(text: string): { values: Values; wrong: string | undefined } {
  const values: Values = {};
  for (const line of text.split('\n').map((each) => each.trim()).filter(Boolean)) {
    const [, name, value = ''] = /^([\w.-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (!name) return { values, wrong: `“${line}” has no name and value. Write it as: epochs = 20` };
    values[name] = value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return { values, wrong: undefined };
}

export const settingsText = (values: Readonly<Record<string, unknown>>): string =>
  Object.entries(values).filter(([, value]) => typeof value === 'string' || typeof value === 'number').map(([name, value]) => `${name} = ${value}`).join('\n');
