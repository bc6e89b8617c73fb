import { tagModule } from '../../tags/registry';
import type { ClassificationModule, ObjectModule, RegionModule } from '../../tags/tag';
import { readAttributes, textOf } from './attributes';
import type { Attributes, ConfigError, ConfigNode, ControlTag, EditorConfig, LabelSpec, ObjectTag, UnsupportedTag } from './config';
import { labelNodes, readLabel } from './labels';
import { Palette } from './palette';
import { parseXml } from './xml';

const NOTHING: ConfigNode = { tag: 'view', written: 'View', attributes: {}, children: [], text: '', line: 1, column: 1 };

/** Elements whose content is a template: what is inside means nothing by itself. */
const TEMPLATES: ReadonlySet<string> = new Set(['repeater']);

/**
 * Reads a labelling config. Never throws: XML that is not well formed gives an empty tree and one error; a tag that
 * this editor cannot show stands in `unsupported`, and the rest works.
 */
export function parseConfig(xml: string): EditorConfig {
  const { root, error } = parseXml(xml);
  if (root === null) return { tree: NOTHING, objects: [], controls: [], unsupported: [], errors: [error] };
  return new ConfigReader(root).read();
}

class ConfigReader {
  readonly #root: ConfigNode;
  readonly #objects: ObjectTag[] = [];
  readonly #controls: ControlTag[] = [];
  readonly #unsupported: UnsupportedTag[] = [];
  readonly #errors: ConfigError[] = [];
  /** Elements that tasks' data are shown in, ours or not, by name. */
  readonly #targets = new Map<string, ConfigNode>();
  readonly #palette = new Palette();

  constructor(root: ConfigNode) {
    this.#root = root;
  }

  read(): EditorConfig {
    this.#readNames();
    this.#visit(this.#root, false);
    return {
      tree: this.#root,
      objects: this.#objects,
      controls: this.#controls,
      unsupported: this.#unsupported.sort((a, b) => a.line - b.line),
      errors: this.#errors,
    };
  }

  #readNames(): void {
    const names = new Map<string, ConfigNode>();
    for (const node of namedNodes(this.#root)) {
      const name = textOf(node.attributes.name)!;
      const first = names.get(name);
      if (first !== undefined) this.#fault(node, `The name "${name}" is taken by ${first.written} of line ${first.line}. Give this one another.`);
      names.set(name, first ?? node);
      if (first === undefined && showsData(node)) this.#targets.set(name, node);
    }
  }

  #visit(node: ConfigNode, isInUnknown: boolean): void {
    const module = tagModule(node.tag);
    if (module === undefined && !isInUnknown) this.#refuse(node, node.written);
    if (TEMPLATES.has(node.tag)) return;
    switch (module?.kind) {
      case 'object':
        this.#readObject(node, module);
        break;
      case 'region':
        this.#readRegionControl(node, module);
        break;
      case 'classification':
        this.#readClassification(node, module);
        break;
      case 'visual':
      case 'child':
      case undefined:
        break;
    }
    for (const child of node.children) this.#visit(child, module === undefined);
  }

  #readObject(node: ConfigNode, module: ObjectModule): void {
    const attributes = readAttributes(node, module);
    const unsupported = module.unsupported(attributes);
    if (unsupported !== null) return this.#refuse(node, unsupported);
    const [name, value] = [textOf(attributes.name), textOf(attributes.value)];
    if (!name) return this.#fault(node, `${module.tag} needs a name that its labels can point to.`);
    if (!value) return this.#fault(node, `${module.tag} "${name}" needs a value: the field of the task to show, as $field.`);
    this.#objects.push({ tag: module.tag, kind: module.object, name, value, attributes, line: node.line });
  }

  #readRegionControl(node: ConfigNode, module: RegionModule): void {
    const attributes = readAttributes(node, module);
    const target = this.#target(node, module, attributes);
    if (target === null) return;
    const object = tagModule(target.node.tag);
    const isShown = object?.kind === 'object' && object.unsupported(readAttributes(target.node, object)) === null;
    if (!isShown || object.object !== module.on) return this.#refuse(node, `${module.tag} on ${target.node.written}`);
    this.#addControl(node, { module, attributes, toName: target.name, makes: module.makes });
  }

  #readClassification(node: ConfigNode, module: ClassificationModule): void {
    const attributes = readAttributes(node, module);
    const unsupported = module.unsupported(attributes);
    if (unsupported !== null) return this.#refuse(node, unsupported);
    if (labelNodes(node).some((child) => labelNodes(child).length > 0)) return this.#refuse(node, `nested ${module.tag}`);
    const target = this.#target(node, module, attributes);
    if (target !== null) this.#addControl(node, { module, attributes, toName: target.name, makes: 'answer' });
  }

  #addControl(
    node: ConfigNode,
    about: { module: RegionModule | ClassificationModule; attributes: Attributes; toName: string; makes: ControlTag['makes'] },
  ): void {
    const { module, attributes, toName, makes } = about;
    this.#controls.push({
      tag: module.tag,
      makes,
      resultType: module.resultType,
      name: textOf(attributes.name)!,
      toName,
      attributes,
      labels: this.#readLabels(node),
      multiple: attributes.choice === 'multiple',
      required: attributes.required === true,
      line: node.line,
    });
  }

  #readLabels(node: ConfigNode): LabelSpec[] {
    const labels: LabelSpec[] = [];
    for (const child of labelNodes(node)) {
      const label = readLabel(child, this.#palette);
      if (label === null) this.#fault(child, `${child.written} needs a value.`);
      else if (labels.some(({ value }) => value === label.value)) this.#fault(child, `${child.written} "${label.value}" stands here twice. Remove one or give it an alias.`);
      else labels.push(label);
    }
    return labels;
  }

  /** The object that a control is about; where it names none and there is exactly one, that. */
  #target(node: ConfigNode, module: { tag: string }, attributes: Attributes): { name: string; node: ConfigNode } | null {
    const name = textOf(attributes.name);
    if (!name) return this.#noTarget(node, `${module.tag} needs a name: results are saved under it.`);
    const toName = textOf(attributes.toName) ?? this.#onlyTarget();
    if (toName === undefined) return this.#noTarget(node, `${module.tag} "${name}" needs toName: the name of what it labels.`);
    const target = this.#targets.get(toName);
    if (target !== undefined) return { name: toName, node: target };
    return this.#noTarget(node, `${module.tag} "${name}" points to "${toName}", but nothing that shows data is called so. Correct toName.`);
  }

  #onlyTarget(): string | undefined {
    const [only] = this.#targets.keys();
    return this.#targets.size === 1 ? only : undefined;
  }

  #noTarget(node: ConfigNode, message: string): null {
    this.#fault(node, message);
    return null;
  }

  #refuse(node: ConfigNode, tag: string): void {
    this.#unsupported.push({ tag, line: node.line });
  }

  #fault({ line, column }: ConfigNode, message: string): void {
    this.#errors.push({ line, column, message });
  }
}

function namedNodes(node: ConfigNode): ConfigNode[] {
  const inside = TEMPLATES.has(node.tag) ? [] : node.children.flatMap(namedNodes);
  return node.attributes.name === undefined ? inside : [node, ...inside];
}

/** An element that a control may point to: one of ours, or one we do not know that takes data and points nowhere. */
function showsData(node: ConfigNode): boolean {
  const module = tagModule(node.tag);
  if (module !== undefined) return module.kind === 'object';
  const { toname, value, valuelist } = node.attributes;
  return toname === undefined && (takesData(value) || takesData(valuelist) || node.text.trim().startsWith('$'));
}

function takesData(value: string | boolean | undefined): boolean {
  return typeof value === 'string' && value.includes('$');
}
