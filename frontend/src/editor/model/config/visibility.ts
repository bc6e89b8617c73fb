import type { Answer, Region } from '../types';
import { type ConfigNode, type EditorConfig, findControl } from './config';

/** What the conditions of a config look at. */
export interface Seen {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly selected: readonly Region[];
}

/**
 * Names of the controls that `visibleWhen`, their own or that of an element around them, hides now.
 * A condition of a kind that is not known shows the element.
 */
export function hiddenControls(config: EditorConfig, seen: Seen): ReadonlySet<string> {
  const hidden = new Set<string>();
  collectHidden(config.tree, false, (node) => isShown(node, config, seen), hidden);
  return hidden;
}

/**
 * Names of the controls that an answer hides, whatever is selected: what they answered before is not submitted.
 */
export function ruledOutControls(config: EditorConfig, answers: ReadonlyMap<string, Answer>): ReadonlySet<string> {
  const ruledOut = new Set<string>();
  const stays = (node: ConfigNode): boolean => {
    const kinds = conditionsOf(node);
    return !kinds.every((kind) => kind.startsWith('choice-')) || isShown(node, config, { answers, selected: [] });
  };
  collectHidden(config.tree, false, stays, ruledOut);
  return ruledOut;
}

/** Whether anything in the config is shown at some times only. */
export function hasConditions(node: ConfigNode): boolean {
  return conditionsOf(node).length > 0 || node.children.some(hasConditions);
}

function collectHidden(node: ConfigNode, isInHidden: boolean, shows: (node: ConfigNode) => boolean, into: Set<string>): void {
  const isHidden = isInHidden || !shows(node);
  if (isHidden && typeof node.attributes.name === 'string') into.add(node.attributes.name);
  for (const child of node.children) collectHidden(child, isHidden, shows, into);
}

function conditionsOf(node: ConfigNode): string[] {
  return listOf(node.attributes.visiblewhen);
}

function isShown(node: ConfigNode, config: EditorConfig, seen: Seen): boolean {
  const conditions = conditionsOf(node);
  return conditions.length === 0 || conditions.some((condition) => isMet(condition, node, config, seen));
}

function isMet(condition: string, node: ConfigNode, config: EditorConfig, seen: Seen): boolean {
  switch (condition) {
    case 'region-selected':
      return seen.selected.some((region) => isMeant(region, node));
    case 'no-region-selected':
      return seen.selected.length === 0;
    case 'choice-selected':
      return isChosen(node, config, seen.answers);
    case 'choice-unselected':
      return !isChosen(node, config, seen.answers);
    default:
      return true;
  }
}

function isMeant(region: Region, { attributes }: ConfigNode): boolean {
  const [names, labels] = [listOf(attributes.whentagname), listOf(attributes.whenlabelvalue)];
  if (names.length > 0 && !names.includes(region.fromName)) return false;
  return labels.length === 0 || region.labels.some((label) => labels.includes(label));
}

/** Whether the named question, or any, has one of the named answers, or any; by value or by what is shown. */
function isChosen({ attributes }: ConfigNode, config: EditorConfig, answers: ReadonlyMap<string, Answer>): boolean {
  const [names, wanted] = [listOf(attributes.whentagname), listOf(attributes.whenchoicevalue)];
  for (const answer of answers.values()) {
    if (answer.suggested || (names.length > 0 && !names.includes(answer.fromName))) continue;
    const labels = findControl(config, answer.fromName)?.labels ?? [];
    const shown = labels.filter(({ value }) => answer.values.includes(value)).map((label) => label.shown);
    if (wanted.length === 0 || [...answer.values, ...shown].some((value) => wanted.includes(value))) return true;
  }
  return false;
}

function listOf(attribute: string | boolean | undefined): string[] {
  if (typeof attribute !== 'string') return [];
  return attribute.split(',').map((part) => part.trim()).filter((part) => part !== '');
}
