/** The spans of a trace out of what MLflow keeps of them: its forms since 2.14, and whatever is broken in them. */

import { isRecord } from '../../api/client';

export type SpanStatus = 'OK' | 'ERROR' | 'UNSET';

export interface SpanEvent {
  name: string;
  /** ns since 1970; as exact as a number can say it, to a quarter of a microsecond. */
  time_ns: number | undefined;
  attributes: Readonly<Record<string, unknown>>;
}

export interface Span {
  /** As assessments name it. */
  id: string;
  parent: string | undefined;
  name: string;
  /** As the program called it: "LLM", "TOOL", or anything else; empty where it did not say. */
  kind: string;
  status: SpanStatus;
  message: string;
  start_ns: number;
  /** Undefined: it has not ended, or its end never came. */
  end_ns: number | undefined;
  /** Their texts are JSON mostly; see `valueOf`. */
  attributes: Readonly<Record<string, unknown>>;
  events: readonly SpanEvent[];
}

export const INPUTS = 'mlflow.spanInputs';
export const OUTPUTS = 'mlflow.spanOutputs';
const KIND = 'mlflow.spanType';

export interface Spans {
  spans: Span[];
  /** Entries that are no spans. */
  broken: number;
}

/** Every entry that can be read as a span; of two with one id, the later one counts. */
export function readSpans(entries: readonly unknown[]): Spans {
  const byId = new Map<string, Span>();
  let broken = 0;
  for (const entry of entries) {
    const span = readSpan(entry);
    if (span) byId.set(span.id, span);
    else broken += 1;
  }
  return { spans: [...byId.values()], broken };
}

function readSpan(entry: unknown): Span | undefined {
  if (!isRecord(entry)) return undefined;
  const context = isRecord(entry['context']) ? entry['context'] : entry;
  const id = idOf(context['span_id']);
  const start_ns = numberOf(entry['start_time_unix_nano'] ?? entry['start_time']);
  if (id === undefined || start_ns === undefined) return undefined;
  const attributes = isRecord(entry['attributes']) ? entry['attributes'] : {};
  const status = isRecord(entry['status']) ? entry['status'] : {};
  const kind = valueOf(attributes[KIND]);
  return {
    id, start_ns, attributes,
    parent: idOf(entry['parent_span_id'] ?? entry['parent_id']),
    name: typeof entry['name'] === 'string' && entry['name'] !== '' ? entry['name'] : id,
    kind: typeof kind === 'string' ? kind : '',
    status: statusOf(status['code'] ?? entry['status_code']),
    message: wordsOf(status['message'] ?? entry['status_message']),
    end_ns: numberOf(entry['end_time_unix_nano'] ?? entry['end_time']),
    events: Array.isArray(entry['events']) ? entry['events'].filter(isRecord).map(readEvent) : [],
  };
}

const readEvent = (event: Record<string, unknown>): SpanEvent => ({
  name: wordsOf(event['name']) || 'event', time_ns: numberOf(event['time_unix_nano'] ?? event['timestamp']), attributes: isRecord(event['attributes']) ? event['attributes'] : {},
});

/** An id as MLflow's client writes it, 16 hexadecimal digits; what is kept may be the same bytes in base64. */
function idOf(id: unknown): string | undefined {
  if (typeof id !== 'string' || id === '') return undefined;
  return /^[A-Za-z0-9+/]{11}=$/.test(id) ? Array.from(atob(id), (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join('') : id;
}

const wordsOf = (text: unknown): string => (typeof text === 'string' ? text : '');

/** A moment; 0 is none. */
function numberOf(value: unknown): number | undefined {
  const found = typeof value === 'string' ? Number(value) : value;
  return typeof found === 'number' && Number.isFinite(found) && found > 0 ? found : undefined;
}

function statusOf(code: unknown): SpanStatus {
  if (code === 2 || code === 'ERROR' || code === 'STATUS_CODE_ERROR') return 'ERROR';
  return code === 1 || code === 'OK' || code === 'STATUS_CODE_OK' ? 'OK' : 'UNSET';
}

/** What an attribute says: MLflow writes each as JSON, others write plain texts. */
export function valueOf(attribute: unknown): unknown {
  if (typeof attribute !== 'string') return attribute;
  try {
    return JSON.parse(attribute);
  } catch {
    return attribute;
  }
}

export interface Raised {
  type: string;
  message: string;
  stack: string;
}

/** The exceptions that a span tells of in its events. */
export const raisedIn = ({ events }: Span): Raised[] =>
  events.filter(({ name }) => name === 'exception').map(({ attributes }) => ({ type: wordsOf(attributes['exception.type']) || 'Exception', message: wordsOf(attributes['exception.message']), stack: wordsOf(attributes['exception.stacktrace']) }));

const KIND_WORDS: Readonly<Record<string, string>> = { LLM: 'LLM', CHAT_MODEL: 'Chat model', UNKNOWN: '' };

/** "Chat model" for CHAT_MODEL; nothing where the program did not say. */
export const kindWords = (kind: string): string => KIND_WORDS[kind] ?? (kind === '' ? '' : `${kind.charAt(0)}${kind.slice(1).toLowerCase().replaceAll('_', ' ')}`);

const KIND_COLOURS: Readonly<Record<string, number>> = { LLM: 2, CHAT_MODEL: 2, AGENT: 11, CHAIN: 6, WORKFLOW: 6, TOOL: 5, RETRIEVER: 3, RERANKER: 3, EMBEDDING: 9, MEMORY: 9, PARSER: 10, TASK: 10, GUARDRAIL: 7, EVALUATOR: 4 };

/** The colour of a kind, always the same; grey for those that nobody knows. */
export const kindColour = (kind: string): string => `var(--l${KIND_COLOURS[kind] ?? 12})`;
