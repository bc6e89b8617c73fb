import { expect, test } from 'vitest';
import type { HttpReply, HttpRequest } from '../http.ts';
import { asPerson } from './same-person.ts';

function browser() {
  const heard: string[] = [];
  const state = { cookies: 'csrftoken=a', userId: 7 };
  const send = async ({ path }: HttpRequest): Promise<HttpReply> => {
    heard.push(path);
    const body = path === 'api/session' ? { user: { id: state.userId, email: '' } } : {};
    return { status: 200, body, etag: null, retryAfterS: null };
  };
  return { heard, state, save: asPerson(7, send, () => state.cookies) };
}

const draft = { method: 'POST', path: 'draft' } as const;

test('the person is asked for only when the token has changed', async () => {
  const { heard, state, save } = browser();
  await save(draft);
  state.cookies = 'csrftoken=b';
  await save(draft);
  await save(draft);
  expect(heard).toEqual(['draft', 'api/session', 'draft', 'draft']);
});

test("nothing goes out under another person's session", async () => {
  const { heard, state, save } = browser();
  await save(draft);
  Object.assign(state, { cookies: 'csrftoken=b', userId: 8 });
  expect((await save(draft)).status).toBe(401);
  expect(heard).toEqual(['draft', 'api/session']);
});

test('the last save of a closing page goes out only under the session last seen', async () => {
  const { heard, state, save } = browser();
  await save(draft);
  await save({ ...draft, keepalive: true });
  state.cookies = 'csrftoken=b';
  expect((await save({ ...draft, keepalive: true })).status).toBe(401);
  expect(heard).toEqual(['draft', 'draft']);
});
