/** One door to the server: relative addresses, the CSRF header, and replies as plain values. */

import { saidByServer } from '../../i18n/server-words.ts';
import { t } from '../../i18n/words.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Relative to the address that the server is mounted at: 'api/tasks/1/'. */
  readonly path: string;
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Outlives the page; the browser takes at most 64 KB. */
  readonly keepalive?: boolean;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** When it is given up; absent: TIMEOUT_MS. */
  readonly timeoutMs?: number;
}

export interface HttpReply {
  readonly status: number;
  /** Parsed JSON, or null where there was none. */
  readonly body: unknown;
  readonly etag: string | null;
  readonly retryAfterS: number | null;
}

/** What the server said of a refused request, in the person's language. */
export function detailOf({ status, body }: Pick<HttpReply, 'status' | 'body'>): string {
  const said = body as { readonly code?: unknown; readonly detail?: unknown } | null;
  return typeof said?.detail === 'string' ? saidByServer(said.code, said.detail) : t('The server answered {status}.', { status });
}

/** The request got no answer: cut cable, server down, time-out. Nobody knows whether it arrived. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Rejects with NoAnswer only. */
export type Send = (request: HttpRequest) => Promise<HttpReply>;

export const TIMEOUT_MS = 30_000;

export interface SendPlace {
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly cookie: () => string;
}

const here: SendPlace = {
  get base() {
    return document.baseURI;
  },
  fetch: (...request) => fetch(...request),
  cookie: () => document.cookie,
};

export function sendFrom(place: SendPlace): Send {
  return async (request) => {
    try {
      return await readReply(await place.fetch(new URL(request.path, place.base), fetchInit(request, place)));
    } catch (cause) {
      throw new NoAnswer(`${request.method} ${request.path} got no answer.`, { cause });
    }
  };
}

export const send: Send = sendFrom(here);

function fetchInit(request: HttpRequest, place: SendPlace): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json', ...request.headers };
  if (request.method !== 'GET') headers['X-CSRFToken'] = cookieValue(place.cookie(), 'csrftoken');
  if (request.body !== undefined) headers['Content-Type'] = 'application/json';
  const body = requestBody(request);
  return {
    method: request.method,
    credentials: 'same-origin',
    headers,
    body,
    keepalive: request.keepalive === true || outlives(request.method, body),
    ...(!request.keepalive && { signal: endOf(request) }),
  };
}

function endOf({ signal, timeoutMs = TIMEOUT_MS }: HttpRequest): AbortSignal {
  const late = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, late]) : late;
}

/** The browser lets 64 KB at a time outlive their page: whoever submits and goes has submitted. */
const MOST_OUTLIVING = 16_000;

function outlives(method: HttpRequest['method'], body: BodyInit | null): boolean {
  return method !== 'GET' && typeof body === 'string' && body.length <= MOST_OUTLIVING;
}

function requestBody(request: HttpRequest): BodyInit | null {
  if (request.form) return new URLSearchParams(request.form);
  return request.body === undefined ? null : JSON.stringify(request.body);
}

async function readReply(response: Response): Promise<HttpReply> {
  const text = await response.text();
  return {
    status: response.status,
    body: parsed(text),
    etag: response.headers.get('ETag'),
    retryAfterS: seconds(response.headers.get('Retry-After')),
  };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null; // a page of a proxy in between, say
  }
}

function seconds(header: string | null): number | null {
  const value = Number(header);
  return header !== null && Number.isFinite(value) && value >= 0 ? value : null;
}

export function cookieValue(cookies: string, name: string): string {
  const pair = cookies.split('; ').find((item) => item.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : '';
}
