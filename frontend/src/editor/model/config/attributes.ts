import type { TagModule } from '../../tags/tag';
import type { Attributes, ConfigNode } from './config';

type Attribute = string | number | boolean | undefined;

/** The attributes of a known tag: documented names, defaults filled in, numbers and booleans by their default's type. */
export function readAttributes(node: ConfigNode, module: TagModule): Attributes {
  const names = new Map(Object.keys(module.defaults).map((name) => [name.toLowerCase(), name]));
  const attributes: Record<string, Attribute> = { ...module.defaults };
  for (const [key, given] of Object.entries(node.attributes)) {
    const name = names.get(key) ?? key;
    attributes[name] = asTyped(given, module.defaults[name]);
  }
  if (attributes.value === undefined && 'value' in module.defaults) attributes.value = innerText(node);
  return attributes;
}

/** The attribute as text; undefined where it is absent. */
export function textOf(attribute: Attribute): string | undefined {
  return attribute === undefined ? undefined : String(attribute);
}

function asTyped(given: string | boolean, fallback: Attribute): Attribute {
  if (typeof fallback === 'number') return Number.isFinite(Number(given)) && given !== '' ? Number(given) : fallback;
  return given;
}

/** The text of an element that holds nothing else. */
function innerText(node: ConfigNode): string | undefined {
  const text = node.text.trim();
  return node.children.length === 0 && text !== '' ? text : undefined;
}
