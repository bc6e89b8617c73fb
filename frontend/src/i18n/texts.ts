/** What the source says to people: every text that is a key of a catalogue, and every one that nobody wrapped. For tests. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { parseAst } from 'vite';

interface Node {
  type: string;
  start: number;
  end: number;
  [part: string]: unknown;
}

/** The functions of i18n/ that say something, and which of their arguments is the key. */
const SPEAKERS = new Map([['t', 0], ['rich', 0], ['plural', 2]]);

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
}

const parsed = (file: string): { text: string; tree: Node } => {
  const text = readFileSync(file, 'utf8');
  return { text, tree: parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node };
};

/** Every file that is reached from one, by whichever import. */
export function reachedFrom(entry: string): Set<string> {
  const reached = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const name of importsIn(parsed(file).tree)) {
      const found = ['', '.ts', '.tsx'].map((end) => resolve(dirname(file as string), name + end)).find((path) => /\.tsx?$/.test(path) && existsSync(path));
      if (found) waiting.push(found);
    }
  }
  return reached;
}

function importsIn(tree: Node): string[] {
  const names: string[] = [];
  const walk = (node: Node): void => {
    if (/^(Import|Export).*Declaration$/.test(node.type) && node['importKind'] === 'type') return;
    const source = /^(ImportDeclaration|ExportNamedDeclaration|ExportAllDeclaration|ImportExpression)$/.test(node.type) ? (node['source'] as Node | null) : null;
    if (source && typeof source['value'] === 'string' && source['value'].startsWith('.')) names.push(source['value']);
    childrenOf(node).forEach(walk);
  };
  walk(tree);
  return names;
}

/** The keys that some files say. Throws where a key is not written out. */
export function keysIn(files: Iterable<string>): Set<string> {
  const keys = new Set<string>();
  for (const file of files) {
    if (/i18n\/(words|rich)\.tsx?$/.test(file)) continue; // they hand keys on
    const { text, tree } = parsed(file);
    const walk = (node: Node): void => {
      const at = node.type === 'CallExpression' ? SPEAKERS.get(String((node['callee'] as Node)['name'])) : undefined;
      if (at !== undefined) for (const key of literals((node['arguments'] as Node[])[at], `${file}: ${text.slice(node.start, node.end)}`)) keys.add(key);
      childrenOf(node).forEach(walk);
    };
    walk(tree);
  }
  return keys;
}

function literals(node: Node | undefined, where: string): string[] {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return [node['value']];
  if (node?.type === 'ConditionalExpression') return [...literals(node['consequent'] as Node, where), ...literals(node['alternate'] as Node, where)];
  const [only] = node?.type === 'TemplateLiteral' && (node['expressions'] as Node[]).length === 0 ? (node['quasis'] as Array<Node & { value: { cooked: string } }>) : [];
  if (only) return [only.value.cooked];
  throw new Error(`A text has to be written out where it is said: ${where}`);
}

/** `{name}` and `<name>` of a text. */
export const placeholdersOf = (text: string): string[] => [...new Set([...text.matchAll(/\{\w+\}|<\/?\w+>/g)].map(([found]) => found))].sort();

/** Attributes whose text somebody reads or hears. */
const SHOWN = new Set(['aria-label', 'aria-valuetext', 'aria-description', 'aria-roledescription', 'title', 'placeholder', 'alt', 'label', 'hint', 'what', 'words', 'action', 'text', 'empty', 'tab', 'textValue', 'heading', 'legend', 'button', 'message', 'crumb']);
/** Functions whose text is not for people. */
const SILENT = /^(t|rich|plural|querySelector|querySelectorAll|matches|closest|getElementById|Error|Set|Map|RegExp|mark|test|exec|matchMedia|join|split|replace|replaceAll|includes|startsWith|endsWith|has|delete|addEventListener|removeEventListener|setAttribute|getAttribute|removeAttribute|hasAttribute|setProperty|getItem|setItem|removeItem|assign|navigate|post|patch|put|remove|lookup|NoAnswer)$/;
const LETTERS = /\p{L}{2}/u;
/** Two words with a space, the first of letters alone; or one that begins a sentence. */
const SENTENCE = /^[“‘(]?\p{L}[\p{L}’'-]*[,:;.]? \S*\p{L}{2}|^\p{Lu}\p{Ll}+[.!?…]?$/u;

/** Texts that a person would read and no catalogue has, as "file:line text". */
export function unsaidIn(file: string, known: ReadonlySet<string>): string[] {
  const { text, tree } = parsed(file);
  const found: string[] = [];
  const tell = (node: Node, words: string): void => {
    const shown = words.replace(/\s+/g, ' ').trim();
    if (!known.has(shown)) found.push(`${relative(process.cwd(), file)}:${text.slice(0, node.start).split('\n').length} ${shown}`);
  };
  const walk = (node: Node, isRead: boolean): void => {
    if (/^(Import|Export)(All)?Declaration$|^TS(?!(As|Satisfies|NonNull)Expression)/.test(node.type)) return;
    if (node.type === 'JSXText') return LETTERS.test(String(node['value'])) ? tell(node, String(node['value'])) : undefined;
    if (node.type === 'JSXAttribute') return walkAttribute(node);
    if (node.type === 'JSXExpressionContainer') return walk(node['expression'] as Node, true);
    if (node.type === 'Literal' && typeof node['value'] === 'string') return (isRead ? LETTERS : SENTENCE).test(node['value']) ? tell(node, node['value']) : undefined;
    if (node.type === 'TemplateLiteral') return walkTemplate(node, isRead);
    if (node.type === 'CallExpression' || node.type === 'NewExpression') return walkCall(node);
    if (node.type === 'BinaryExpression' && /^[=!]==?$|^in$/.test(String(node['operator']))) return;
    if (node.type === 'Property') return walk(node['value'] as Node, false);
    if (node.type === 'ConditionalExpression') {
      walk(node['test'] as Node, false);
      walk(node['consequent'] as Node, isRead);
      return walk(node['alternate'] as Node, isRead);
    }
    if (node.type === 'LogicalExpression') {
      walk(node['left'] as Node, isRead && node['operator'] !== '&&');
      return walk(node['right'] as Node, isRead);
    }
    for (const child of childrenOf(node)) walk(child, false);
  };
  const walkAttribute = (node: Node): void => {
    const [name, value] = [String((node['name'] as Node)['name']), node['value'] as Node | null];
    if (!value) return;
    const inside = value.type === 'Literal' ? value : (value['expression'] as Node);
    if (SHOWN.has(name)) walk(inside, true);
    else if (!/^(className|style|key|id|d|href|to|search|params|role|data-.*|name|type|placement)$/.test(name)) walk(inside, false);
  };
  const walkTemplate = (node: Node, isRead: boolean): void => {
    const said = (node['quasis'] as Array<Node & { value: { cooked: string } }>).map(({ value }) => value.cooked).join('{}');
    if (isRead ? /\p{L}{2}/u.test(said.replaceAll('{}', ' ')) && / |^\p{Lu}/u.test(said) : /(^| )\p{L}{2,} \p{L}{2,}|^\p{Lu}\p{Ll}+ /u.test(said)) tell(node, said);
    for (const each of node['expressions'] as Node[]) walk(each, isRead);
  };
  const walkCall = (node: Node): void => {
    const callee = node['callee'] as Node;
    const name = String(callee['name'] ?? (callee['property'] as Node | undefined)?.['name'] ?? '');
    walk(callee, false);
    for (const each of node['arguments'] as Node[]) {
      const isPlain = each.type === 'Literal' || each.type === 'TemplateLiteral' || each.type === 'ConditionalExpression';
      if (SILENT.test(name) && isPlain) continue;
      walk(each, callee['name'] === 'say' && each === (node['arguments'] as Node[])[0]);
    }
  };
  walk(tree, false);
  return found;
}
