import { fieldsInWords, saidByServer } from '../i18n/server-words';
import { t } from '../i18n/words';
import { address, base } from './addresses';

/** Why a call failed, in words for a person (`message`) and for a program (`status`, `code`, `fields`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly fields: Readonly<Record<string, readonly string[]>>,
    readonly body: unknown,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | boolean | undefined | null>;

export interface CallOptions {
  query?: Query;
  json?: unknown;
  form?: FormData | URLSearchParams;
  headers?: Record<string, string>;
  signal?: AbortSignal | null;
}

export interface Answer<T> {
  status: number;
  body: T;
  headers: Headers;
}

/** The value of the CSRF cookie, which unsafe requests send back as a header. */
export function csrfToken(): string {
  return /(?:^|;\s*)csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? '';
}

/** The address of a call, with every defined query value; the rest is left out. */
export function addressOf(path: string, query: Query = {}): string {
  const url = new URL(address(path));
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, String(value));
  }
  return url.href;
}

/** Headers and body of a request as `fetch` and `XMLHttpRequest` both want them. */
export function prepare(method: string, options: CallOptions): { headers: Record<string, string>; body: BodyInit | null } {
  // The path of this server's cookies: a proxy may strip the sub-path and say nothing of it.
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Treadle-Base': base.pathname, ...options.headers };
  if (method !== 'GET') headers['X-CSRFToken'] = csrfToken();
  if (options.json !== undefined) headers['Content-Type'] = 'application/json';
  return { headers, body: options.json !== undefined ? JSON.stringify(options.json) : (options.form ?? null) };
}

/** One request to the server. Raises ApiError for every status from 400 up and when no answer came. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const { headers, body } = prepare(method, options);
  let response: Response;
  try {
    response = await fetch(addressOf(path, options.query), {
      method, headers, body, credentials: 'same-origin', signal: options.signal ?? null,
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw networkError();
  }
  const text = await response.text();
  const parsed = parse(text);
  if (!response.ok) throw errorFrom(response.status, parsed);
  return { status: response.status, body: parsed as T, headers: response.headers };
}

export const get = async <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  (await call<T>('GET', path, { query: query ?? {}, signal: signal ?? null })).body;
export const post = async <T>(path: string, json?: unknown, query?: Query): Promise<T> =>
  (await call<T>('POST', path, { json, query: query ?? {} })).body;
export const put = async <T>(path: string, json: unknown): Promise<T> => (await call<T>('PUT', path, { json })).body;
export const patch = async <T>(path: string, json: unknown): Promise<T> => (await call<T>('PATCH', path, { json })).body;
export const remove = async (path: string): Promise<void> => void (await call('DELETE', path));

/** What to raise when the network gave no answer. */
export function networkError(): ApiError {
  return new ApiError(t('The server did not answer. Check the connection, then try again.'), 0, 'network', {}, null);
}

/** Body text as JSON, or the text itself where it is none. */
export function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Reads the server's error body; an answer of a proxy in between (HTML, empty) still becomes a sentence. */
export function errorFrom(status: number, body: unknown): ApiError {
  if (!isRecord(body)) return new ApiError(sentenceFor(status), status, `http-${status}`, {}, body);
  const code = typeof body['code'] === 'string' ? body['code'] : `http-${status}`;
  const fields = fieldsInWords(code, fieldsOf(body));
  const detail = typeof body['detail'] === 'string' ? body['detail'] : undefined;
  const first = Object.values(fields)[0]?.[0];
  const message = detail && detail !== 'Validation error' ? detail : (first ?? detail ?? sentenceFor(status));
  return new ApiError(saidByServer(code, message), status, code, fields, body);
}

function fieldsOf(body: Record<string, unknown>): Record<string, string[]> {
  const source = isRecord(body['validation_errors']) ? body['validation_errors'] : body;
  const fields: Record<string, string[]> = {};
  for (const [key, value] of Object.entries(source)) {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) fields[key] = value;
  }
  return fields;
}

function sentenceFor(status: number): string {
  if (status === 401) return t('You are signed out. Sign in to go on.');
  if (status === 403) return t('You may not do this here. Ask a manager of the workspace for a wider role.');
  if (status === 404) return t('This is not here, or not for you to see.');
  if (status === 413) return t('That is more than the server takes at once. Send fewer or smaller files.');
  if (status >= 500) return t('The server failed. Try again; if it stays so, tell whoever runs it.');
  return t('The server refused the request ({status}).', { status });
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
