import { expect, test } from 'vitest';
import { NoAnswer, sendFrom } from './http.ts';

/** A server that never answers. */
const send = sendFrom({
  base: 'http://localhost/',
  cookie: () => '',
  fetch: (_, init) => new Promise((_done, fail) => init!.signal!.addEventListener('abort', () => fail(new Error('ended')))),
});

test('what can be called off is given up after its time all the same', async () => {
  const { signal } = new AbortController();
  await expect(send({ method: 'POST', path: 'api/ml/1/interactive-annotating/', signal, timeoutMs: 1 })).rejects.toThrow(NoAnswer);
});

test('what is called off ends at once', async () => {
  const end = new AbortController();
  const asked = send({ method: 'POST', path: 'api/ml/1/interactive-annotating/', signal: end.signal });
  end.abort();
  await expect(asked).rejects.toThrow(NoAnswer);
});
