/** Chat messages within what spans took and gave, in the forms that the libraries write them. */

import { isRecord } from '../../api/client';

export interface ToolCall {
  name: string;
  input: unknown;
}

export interface Message {
  role: string;
  text: string;
  /** What the message holds beside words: pictures, files, sounds, by their kinds. */
  others: readonly string[];
  calls: readonly ToolCall[];
}

/** The messages that a value is or holds; undefined where it is something else. */
export function messagesIn(value: unknown): Message[] | undefined {
  const found = entriesIn(value);
  if (!found || found.length === 0) return undefined;
  const messages = found.map(readMessage);
  return messages.every((message) => message !== undefined) ? (messages as Message[]) : undefined;
}

function entriesIn(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value.length === 1 && Array.isArray(value[0]) ? value[0] : value;
  if (!isRecord(value)) return undefined;
  for (const key of ['messages', 'input', 'output', 'contents']) if (Array.isArray(value[key])) return entriesIn(value[key]);
  if (Array.isArray(value['choices'])) return value['choices'].map((choice) => (isRecord(choice) ? choice['message'] : undefined));
  if (Array.isArray(value['candidates'])) return value['candidates'].map((candidate) => (isRecord(candidate) ? candidate['content'] : undefined));
  return roleOf(value) === undefined ? undefined : [value];
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant', model: 'assistant', function: 'tool' };
const KNOWN = new Set(['user', 'assistant', 'system', 'developer', 'tool', 'function_call', 'function_call_output']);

function roleOf(entry: Record<string, unknown>): string | undefined {
  const said = entry['role'] ?? entry['type'];
  if (typeof said !== 'string') return undefined;
  const role = ROLES[said] ?? said;
  return KNOWN.has(role) && ('content' in entry || 'parts' in entry || 'tool_calls' in entry || role.startsWith('function_call')) ? role : undefined;
}

function readMessage(entry: unknown): Message | undefined {
  if (!isRecord(entry)) return undefined;
  const role = roleOf(entry);
  if (role === undefined) return undefined;
  if (role === 'function_call') return { role: 'assistant', text: '', others: [], calls: [callOf(entry)] };
  if (role === 'function_call_output') return { role: 'tool', text: textOf(entry['output']), others: [], calls: [] };
  const content = entry['content'] ?? entry['parts'];
  const parts = Array.isArray(content) ? content : [content];
  const calls = [...parts.filter(isRecord).filter((part) => part['type'] === 'tool_use' || 'functionCall' in part || 'function_call' in part), ...(Array.isArray(entry['tool_calls']) ? entry['tool_calls'].filter(isRecord) : [])];
  return { role, text: parts.map(wordsOf).filter(Boolean).join('\n'), others: parts.map(otherOf).filter(Boolean), calls: calls.map(callOf) };
}

const TOOLS = new Set(['tool_use', 'tool_result', 'tool_call']);

function wordsOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (!isRecord(part)) return part === null || part === undefined ? '' : String(part);
  if (typeof part['text'] === 'string') return part['text'];
  return part['type'] === 'tool_result' ? textOf(part['content']) : typeof part['refusal'] === 'string' ? part['refusal'] : '';
}

/** The kind of a part that is no text: "image url". */
function otherOf(part: unknown): string {
  if (!isRecord(part) || wordsOf(part) !== '' || 'functionCall' in part || 'function_call' in part) return '';
  const type = part['type'];
  return typeof type === 'string' && type !== 'text' && !TOOLS.has(type) ? type.replaceAll('_', ' ') : '';
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : Array.isArray(value) ? value.map(wordsOf).filter(Boolean).join('\n') : JSON.stringify(value ?? '', null, 2));

function callOf(call: Record<string, unknown>): ToolCall {
  const found = [call['function'], call['functionCall'], call['function_call'], call].find(isRecord) as Record<string, unknown>;
  const input = found['arguments'] ?? found['input'] ?? found['args'] ?? {};
  return { name: typeof found['name'] === 'string' ? found['name'] : 'tool', input: typeof input === 'string' ? jsonOf(input) : input };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
