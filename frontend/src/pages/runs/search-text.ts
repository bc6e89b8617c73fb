/** What somebody writes to find runs: which piece of it the caret is in, and what could stand there. */

import { quoted } from '../../api/mlflow';
import type { RunColumns } from '../../api/tracking';

type Kind = 'name' | 'operator' | 'number' | 'text' | 'list' | 'and' | 'other';

export interface Token {
  kind: Kind;
  text: string;
  from: number;
  to: number;
}

const PATTERNS: ReadonlyArray<readonly [Kind, RegExp]> = [
  ['text', /'[^']*'?|"(?:[^"]*)"?/y],
  ['operator', />=|<=|!=|=|>|<|\b(?:not\s+ilike|not\s+like|not\s+in|is\s+not\s+null|is\s+null|ilike|like|in)\b/iy],
  ['and', /\band\b/iy],
  ['list', /\([^)]*\)?/y],
  ['number', /[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w.])/iy],
  ['name', /(?:[A-Za-z_]\w*\.)?(?:`[^`]*`?|"[^"]*"?|[\w./\-@]+)/y],
  ['other', /\S/y],
];

export function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length;) {
    const space = /\s*/y;
    space.lastIndex = at;
    space.test(text);
    at = space.lastIndex;
    if (at >= text.length) break;
    const token = tokenAt(text, at, expects(found));
    found.push(token);
    at = token.to;
  }
  return found;
}

function tokenAt(text: string, at: number, expected: Expected): Token {
  // A name may look like a number or an operator: "params.1", "tags.in"; where a name is due, it comes first.
  const order = expected === 'name' ? [...PATTERNS.filter(([kind]) => kind === 'name'), ...PATTERNS] : PATTERNS;
  for (const [kind, pattern] of order) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found) return { kind, text: found, from: at, to: at + found.length };
  }
  return { kind: 'other', text: text[at] as string, from: at, to: at + 1 };
}

export type Expected = 'name' | 'operator' | 'value' | 'and';

/** What is due after these pieces. */
function expects(tokens: readonly Token[]): Expected {
  const last = tokens.at(-1);
  if (!last || last.kind === 'and') return 'name';
  if (last.kind === 'name' && expects(tokens.slice(0, -1)) === 'name') return 'operator';
  if (last.kind === 'operator') return /null$/i.test(last.text) ? 'and' : 'value';
  return 'and';
}

export interface Completion {
  /** What is put in. */
  text: string;
  /** What it is, in a word. */
  what: string;
}

export interface Completions {
  /** The stretch that a completion replaces. */
  from: number;
  to: number;
  found: readonly Completion[];
}

export const ATTRIBUTES = ['run_name', 'status', 'start_time', 'end_time', 'user_id', 'run_id', 'artifact_uri'] as const;
const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
const NUMBERS = ['<', '>', '<=', '>=', '=', '!='];
const TEXTS = ['=', '!=', 'LIKE', 'ILIKE'];
const MOST_SHOWN = 50;

const isPlain = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

/** "metrics.loss", "params.`learning rate`": how a search and an order name a value. */
export const nameIn = (kind: 'metrics' | 'params' | 'tags' | 'attributes' | 'metadata' | 'feedback', key: string): string => `${kind}.${isPlain(key) ? key : `\`${key}\``}`;

/** What could stand at the caret in a search for runs. */
export const complete = (text: string, caret: number, columns: RunColumns): Completions => completeWith(text, caret, (due, before) => offersFor(due, before, columns));

/** What could stand at the caret, where `offersFor` tells what may after these pieces. */
export function completeWith(text: string, caret: number, offersFor: (due: Expected, before: readonly Token[]) => Completion[]): Completions {
  const tokens = tokensOf(text.slice(0, caret));
  const last = tokens.at(-1);
  const current = last && last.to === caret ? last : undefined;
  const before = current ? tokens.slice(0, -1) : tokens;
  const due = expects(before);
  const from = current?.from ?? caret;
  const rest = current ? (/^[\w.`/@-]*/.exec(text.slice(caret))?.[0].length ?? 0) : 0;
  const typed = (current?.text ?? '').toLowerCase();
  const offered = offersFor(due, before).filter(({ text: offer }) => fits(offer.toLowerCase(), typed));
  return { from, to: due === 'name' ? caret + rest : caret, found: rank(offered, typed).slice(0, MOST_SHOWN) };
}

const fits = (offer: string, typed: string): boolean => offer !== typed && (typed === '' || offer.includes(typed.replaceAll('`', '')) || offer.replaceAll('`', '').includes(typed.replaceAll('`', '')));

function rank(offers: readonly Completion[], typed: string): Completion[] {
  const begins = (text: string) => text.toLowerCase().startsWith(typed) || (text.toLowerCase().split('.')[1] ?? '').startsWith(typed);
  return [...offers.filter(({ text }) => begins(text)), ...offers.filter(({ text }) => !begins(text))];
}

function offersFor(due: Expected, before: readonly Token[], columns: RunColumns): Completion[] {
  if (due === 'and') return [{ text: 'AND ', what: 'both' }];
  const name = due === 'operator' ? before.at(-1) : before.at(-2);
  const kind = kindOfName(name?.text ?? '');
  if (due === 'operator') return (kind === 'number' ? NUMBERS : TEXTS).map((text) => ({ text: `${text} `, what: OPERATOR_WORDS[text] ?? '' }));
  if (due === 'value') return kind === 'status' ? STATUSES.map((text) => ({ text: `'${text}'`, what: 'status' })) : [];
  return [
    ...columns.metrics.map((key) => ({ text: `${nameIn('metrics', key)} `, what: 'metric' })),
    ...columns.params.map((key) => ({ text: `${nameIn('params', key)} `, what: 'parameter' })),
    ...ATTRIBUTES.map((key) => ({ text: `attributes.${key} `, what: 'of the run' })),
    ...columns.tags.map((key) => ({ text: `${nameIn('tags', key)} `, what: 'tag' })),
  ];
}

export const OPERATOR_WORDS: Record<string, string> = { '<': 'below', '>': 'above', '<=': 'at most', '>=': 'at least', '=': 'is', '!=': 'is not', LIKE: 'like: % is anything', ILIKE: 'like, in any case', RLIKE: 'fits an expression', IN: "one of, such as ('a', 'b')", 'IS NULL': 'is missing', 'IS NOT NULL': 'is there' };

function kindOfName(name: string): 'number' | 'text' | 'status' {
  if (/^metrics?\./i.test(name) || /(^|\.)(start_time|end_time)$/i.test(name)) return 'number';
  return /^(?:attributes?\.|attr\.|run\.)?status$/i.test(name) ? 'status' : 'text';
}

/** What the server is asked: words without any operator look for a run's name. */
export function filterOf(text: string): string {
  const typed = text.trim();
  if (typed === '' || tokensOf(typed).some(({ kind }) => kind === 'operator')) return typed;
  return `attributes.run_name ILIKE ${quoted(`%${typed}%`)}`;
}

/** The stretch to mark where the server stopped at `at`: the piece that stands there, or the last one. */
export function wrongStretch(text: string, at: number | undefined): readonly [from: number, to: number] {
  const tokens = tokensOf(text);
  const found = tokens.find(({ from, to }) => at !== undefined && at >= from && at < to) ?? tokens.at(-1);
  return found ? [found.from, found.to] : [0, text.length];
}
