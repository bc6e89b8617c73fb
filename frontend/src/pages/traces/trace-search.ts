/** What somebody writes to find traces, in MLflow's own syntax: what could stand at the caret, and where it was not understood. */

import { ApiError } from '../../api/client';
import { quoted } from '../../api/mlflow';
import { type Completion, type Completions, completeWith, type Expected, nameIn, OPERATOR_WORDS, type Token, tokensOf } from '../runs/search-text';

/** The names that the traces at hand have, and whether any tells of tokens. */
export interface TraceNames {
  tags: readonly string[];
  metadata: readonly string[];
  feedback: readonly string[];
  hasTokens: boolean;
}

const NUMBERS = ['<', '>', '<=', '>=', '=', '!='];
const TEXTS = ['=', '!=', 'ILIKE', 'LIKE', 'RLIKE'];
const OPTIONAL = ['IS NULL', 'IS NOT NULL'];

const OFFERED: ReadonlyArray<readonly [name: string, what: string, operators: readonly string[], values?: readonly string[]]> = [
  ['trace.text', 'words in its spans', ['ILIKE', 'LIKE']],
  ['attributes.name', 'of the trace', [...TEXTS, 'IN']],
  ['attributes.status', 'of the trace', ['=', '!=', 'IN'], ["'OK'", "'ERROR'", "'IN_PROGRESS'"]],
  ['attributes.timestamp_ms', 'when it began', NUMBERS],
  ['attributes.execution_time_ms', 'how long it took', NUMBERS],
  ['attributes.end_time_ms', 'when it ended', NUMBERS],
  ['attributes.run_id', 'the run it is of', ['=']],
  ['attributes.request_id', 'its id', [...TEXTS, 'IN']],
  ['attributes.client_request_id', 'the id its program gave', TEXTS],
  ['attributes.prompt', 'name/version it used', ['=']],
  ['span.name', 'of any span', [...TEXTS, 'IN']],
  ['span.type', 'of any span', ['=', '!=', 'IN'], ["'LLM'", "'CHAT_MODEL'", "'AGENT'", "'CHAIN'", "'TOOL'", "'RETRIEVER'", "'EMBEDDING'", "'PARSER'", "'RERANKER'"]],
  ['span.status', 'of any span', ['=', '!='], ["'OK'", "'ERROR'"]],
  ['span.content', 'words of any span', ['ILIKE', 'LIKE']],
];
/** Shorter ways to write the same names. */
const OTHER_NAMES: Readonly<Record<string, string>> = { timestamp: 'timestamp_ms', execution_time: 'execution_time_ms', end_time: 'end_time_ms' };

export const completeTraces = (text: string, caret: number, names: TraceNames): Completions => completeWith(text, caret, (due, before) => offersFor(due, before, names));

function offersFor(due: Expected, before: readonly Token[], names: TraceNames): Completion[] {
  if (due === 'and') return [{ text: 'AND ', what: 'both' }];
  const known = knownFor((due === 'operator' ? before.at(-1) : before.at(-2))?.text ?? '');
  if (due === 'operator') return known.operators.map((text) => ({ text: `${text} `, what: OPERATOR_WORDS[text] ?? '' }));
  if (due === 'value') return known.values.map((text) => ({ text, what: 'value' }));
  return [
    ...OFFERED.map(([name, what]) => ({ text: `${name} `, what })),
    ...names.tags.map((key) => ({ text: `${nameIn('tags', key)} `, what: 'tag' })),
    ...names.metadata.map((key) => ({ text: `${nameIn('metadata', key)} `, what: 'metadata' })),
    ...names.feedback.map((key) => ({ text: `${nameIn('feedback', key)} `, what: 'feedback' })),
  ];
}

function knownFor(name: string): { operators: readonly string[]; values: readonly string[] } {
  const plain = name.replace(/^(attributes?|trace)\./i, '').toLowerCase();
  const found = OFFERED.find(([each]) => each === name.toLowerCase() || each === `attributes.${OTHER_NAMES[plain] ?? plain}`);
  if (found) return { operators: found[2], values: found[3] ?? [] };
  return /^(feedback|expectation)\./i.test(name) ? { operators: [...NUMBERS, ...OPTIONAL], values: [] } : { operators: [...TEXTS, ...OPTIONAL], values: [] };
}

/** What the server is asked: words without any operator are looked for in the spans. */
export function traceFilterOf(text: string): string {
  const typed = text.trim();
  if (typed === '' || tokensOf(typed).some(({ kind }) => kind === 'operator')) return typed;
  return `trace.text ILIKE ${quoted(`%${typed}%`)}`;
}

export const both = (...filters: readonly string[]): string => filters.filter(Boolean).join(' AND ');

/** What MLflow could not understand of a search, and where: it quotes the piece. Nothing for any other failure. */
export function wrongTraceFilter(error: unknown, text: string): { at: number | undefined; message: string } | undefined {
  if (!(error instanceof ApiError) || error.status !== 400) return undefined;
  const pieces = [...error.message.matchAll(/'([^']+)'|"([^"]+)"|`([^`]+)`/g)].map(([, single, double, back]) => (single ?? double ?? back) as string);
  const places = pieces.map((piece) => text.toLowerCase().indexOf(piece.toLowerCase())).filter((place) => place >= 0);
  return { at: places[0], message: error.message };
}
