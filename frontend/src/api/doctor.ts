import { queryOptions } from '@tanstack/react-query';
import { ADMIN } from './admin';
import { addressOf, call, get, prepare } from './client';
import type { Time } from './types';

/** What to change: in which file or program, and the lines as they are to stand there. */
export interface Fix {
  where: string;
  lines: string;
}

/** One thing that was looked at; see treadle/doctor/checks.py. */
export interface Check {
  place: 'way' | 'machine' | 'parts';
  name: string;
  state: 'well' | 'warning' | 'fault' | 'untried';
  seen: string;
  code: string;
  wrong: string;
  fixes: Fix[];
}

interface Tried {
  size_bytes: number;
  status: number;
}

/** What this browser saw of the way to the server; see treadle/doctor/way.py. */
export interface Seen {
  site: string;
  sent_origin: string;
  server?: string;
  uploads?: Tried[];
  silence?: { asked_s: number; took_s: number; status: number };
  events?: { apart_s: number; is_held: boolean; status: number };
  clock_ahead_s?: number;
}

const ROOT = 'api/admin/doctor/';
const APART_S = 5;
const QUIET_MS = 1000;

export const examinationQuery = queryOptions({
  queryKey: [...ADMIN, 'doctor'], queryFn: ({ signal }) => get<Check[]>(ROOT, {}, signal),
  gcTime: 0, staleTime: 0, refetchOnWindowFocus: false,
});

/** What is wrong with the way, by what was seen of it so far. */
export const judge = async (seen: Seen, signal: AbortSignal): Promise<Check[]> => (await call<Check[]>('POST', `${ROOT}judgement/`, { json: seen, signal })).body;

/** How the proxy calls itself, and how far this machine's clock goes before the server's. */
export async function tryArrival(signal: AbortSignal): Promise<{ server: string; clock_ahead_s: number }> {
  const began = Date.now();
  const { body, headers } = await call<{ now: Time }>('GET', `${ROOT}arrival/`, { signal });
  const middle = (began + Date.now()) / 2;
  return { server: headers.get('server') ?? '', clock_ahead_s: (middle - Date.parse(body.now)) / 1000 };
}

/** Whether a body of that size arrives: the status of the answer, 0 where it broke off. */
export async function tryUpload(size_bytes: number, signal: AbortSignal): Promise<Tried> {
  const { headers } = prepare('POST', { headers: { 'Content-Type': 'application/octet-stream' } });
  const status = await statusOf(fetch(addressOf(`${ROOT}upload/`), { method: 'POST', headers, body: new Uint8Array(size_bytes), credentials: 'same-origin', signal }), signal);
  return { size_bytes, status };
}

/** Whether an answer that the server holds back for so long arrives. */
export async function trySilence(asked_s: number, signal: AbortSignal): Promise<NonNullable<Seen['silence']>> {
  const began = performance.now();
  const status = await statusOf(fetch(addressOf(`${ROOT}silence/`, { seconds: asked_s }), { ...wanted(), signal }), signal);
  return { asked_s, took_s: (performance.now() - began) / 1000, status };
}

/** Whether two events arrive one by one. */
export async function tryEvents(signal: AbortSignal): Promise<NonNullable<Seen['events']>> {
  const done = new AbortController();
  signal.addEventListener('abort', () => done.abort());
  const seen = { apart_s: APART_S, is_held: false, status: 0 };
  try {
    const response = await fetch(addressOf(`${ROOT}events/`, { seconds: APART_S }), { ...wanted(), signal: done.signal });
    const reader = response.body?.getReader();
    if (!reader || !response.ok) return { ...seen, status: response.status };
    const first = await reader.read();
    const second = reader.read().then(({ value }) => textOf(value), () => '');
    const came = textOf(first.value) + (await Promise.race([second, quiet()]));
    return { ...seen, is_held: came.split('\n\n').length > 2, status: response.status };
  } catch (error) {
    if (signal.aborted) throw error;
    return seen;
  } finally {
    done.abort();
  }
}

const wanted = (): RequestInit => ({ headers: prepare('GET', {}).headers, credentials: 'same-origin' });
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const quiet = (): Promise<string> => new Promise((resolve) => { setTimeout(() => resolve(''), QUIET_MS); });

async function statusOf(asked: Promise<Response>, signal: AbortSignal): Promise<number> {
  try {
    const response = await asked;
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    if (signal.aborted) throw error;
    return 0;
  }
}
