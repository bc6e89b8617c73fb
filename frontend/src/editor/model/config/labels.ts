import { tagModule } from '../../tags/registry';
import { readAttributes, textOf } from './attributes';
import type { Attributes, ConfigNode, Granularity, LabelSpec } from './config';
import type { Palette } from './palette';

const CHOICE_COLOUR = 'var(--text-3)';

/** The Label or Choice elements of a control, in document order, through whatever layout stands between. */
export function labelNodes(control: ConfigNode): ConfigNode[] {
  return control.children.flatMap((child) => (isLabel(child) ? [child] : labelNodes(child)));
}

/** What a Label or Choice says; null when it says no value. */
export function readLabel(node: ConfigNode, palette: Palette): LabelSpec | null {
  return labelFrom(readAttributes(node, tagModule(node.tag)!), node.tag === 'choice' ? null : palette);
}

/** A label from its attributes; without a palette it is a choice. */
export function labelFrom(attributes: Attributes, palette: Palette | null): LabelSpec | null {
  const [shown, alias] = [textOf(attributes.value), textOf(attributes.alias)];
  const value = alias || shown;
  if (value === undefined || value === '') return null;
  const [hotkey, hint] = [textOf(attributes.hotkey), textOf(attributes.hint)];
  const maxUsages = Number(attributes.maxUsages);
  return {
    value,
    shown: shown || value,
    colour: palette?.colour(value, textOf(attributes.background)) ?? textOf(attributes.color) ?? CHOICE_COLOUR,
    selected: attributes.selected === true,
    ...(hotkey && { hotkey }),
    ...(hint && { hint }),
    ...(maxUsages > 0 && { maxUsages }),
    ...(isGranularity(attributes.granularity) && { granularity: attributes.granularity }),
  };
}

function isLabel(node: ConfigNode): boolean {
  return tagModule(node.tag)?.kind === 'child';
}

function isGranularity(value: unknown): value is Granularity {
  return value === 'symbol' || value === 'word' || value === 'sentence' || value === 'paragraph';
}
