import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

/** A small real server under a prefix, and the pages of it open deep inside. */
const seen: Array<{ method: string; path: string; headers: IncomingMessage['headers']; body: string }> = [];
const answers = new Map<string, Array<[status: number, body: unknown]>>();
let server: Server;
let api: typeof import('./client');
let transfer: typeof import('./transfer');

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); });
    request.on('end', () => {
      const path = request.url ?? '';
      seen.push({ method: request.method ?? '', path, headers: request.headers, body });
      const waiting = answers.get(path) ?? [];
      const [status, answer] = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? [404, { detail: 'Nothing there.', code: 'not-found' }];
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(answer === null ? '' : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(`http://127.0.0.1:${port}/deep/prefix/projects/1/data`);
  const element = document.createElement('base');
  element.setAttribute('href', '../../');
  document.head.append(element);
  document.cookie = 'csrftoken=abc123; path=/';
  api = await import('./client');
  transfer = await import('./transfer');
});

beforeEach(() => {
  seen.length = 0;
  answers.clear();
});

afterAll(() => server.close());

test('a call goes under the prefix that the page was served at, and unsafe ones carry the CSRF token', async () => {
  answers.set('/deep/prefix/api/projects/', [[201, { id: 3 }]]);
  expect(await api.post('api/projects/', { title: 'Garage' })).toEqual({ id: 3 });
  expect(seen[0]).toMatchObject({ method: 'POST', path: '/deep/prefix/api/projects/', body: '{"title":"Garage"}' });
  expect(seen[0]?.headers).toMatchObject({ 'x-csrftoken': 'abc123', 'content-type': 'application/json' });
});

test('a refused call raises what the server said about each field', async () => {
  answers.set('/deep/prefix/api/projects/', [[400, { detail: 'Validation error', code: 'project-invalid', validation_errors: { title: ['Too short.'] } }]]);
  await expect(api.post('api/projects/', { title: '' })).rejects.toMatchObject({ name: 'ApiError', status: 400, code: 'project-invalid', message: 'Too short.', fields: { title: ['Too short.'] } });
});

test('an empty answer is no error', async () => {
  answers.set('/deep/prefix/api/tokens/7', [[204, null]]);
  await expect(api.remove('api/tokens/7')).resolves.toBeUndefined();
});

test('an import is followed through its job to the counts', async () => {
  const running = { id: 'j', kind: 'import', state: 'running', progress: { done: 1, total: 2 }, message: null, result: null, error: null };
  answers.set('/deep/prefix/api/projects/1/import', [[202, { job: 'j', import: 5 }]]);
  answers.set('/deep/prefix/api/jobs/j', [[200, running], [200, { ...running, state: 'done', result: { task_count: 2, annotation_count: 0, prediction_count: 0 } }]]);
  const stages: string[] = [];
  const counts = await transfer.importInto(1, { json: [{ text: 'a' }, { text: 'b' }] }, { onStage: (stage) => stages.push(stage.at) });
  expect(counts.task_count).toBe(2);
  expect(stages).toContain('reading');
  expect(seen[0]?.headers).toMatchObject({ prefer: 'respond-async' });
});

test('an import that the server refuses at once raises the row and the field', async () => {
  answers.set('/deep/prefix/api/projects/1/import', [[400, { detail: 'Validation error', validation_errors: { non_field_errors: ['Error at item 0: "image" key is expected'] } }]]);
  await expect(transfer.importInto(1, { json: [{}] }, { onStage: () => undefined })).rejects.toMatchObject({ message: 'Error at item 0: "image" key is expected' });
});

test('an import whose job fails raises the reason that the job gives', async () => {
  answers.set('/deep/prefix/api/projects/1/import', [[202, { job: 'k' }]]);
  answers.set('/deep/prefix/api/jobs/k', [[200, { id: 'k', state: 'failed', progress: null, message: null, result: null, error: 'Row 3: “image” is empty.' }]]);
  await expect(transfer.importInto(1, { json: [{}] }, { onStage: () => undefined })).rejects.toMatchObject({ code: 'job-failed', message: 'Row 3: “image” is empty.' });
});
