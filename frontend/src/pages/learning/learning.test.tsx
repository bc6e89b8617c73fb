import { act, useState } from 'react';
import { expect, test, vi } from 'vitest';
import type { Backend, ModelVersion, Training } from '../../api/learning';
import { answer, button, mount, press, routed, settle, type } from '../../test-screens';
import { ConnectChoices } from './connect-choices';
import { ConnectionCard } from './connection-card';
import { ConnectionDialog } from './connection-dialog';
import { PredictionsCard } from './predictions-card';
import { TrainDialog } from './train-dialog';
import { TrainingCard } from './training-card';
import { VersionsCard } from './versions-card';

const project = { id: 1, workspace: 1, title: 'Garage', task_number: 9, num_tasks_with_annotations: 5, parsed_label_config: { box: { type: 'RectangleLabels', to_name: ['image'], inputs: [], labels: ['Car', 'Bus'], labels_attrs: {} } } } as never;
const backend = { id: 7, project: 1, title: 'Finder', url: 'http://127.0.0.1:9090', builtin: '', state: 'CO', error_message: '', auth_method: 'NONE', basic_auth_user: '', settings: {}, timeout: 100, generation: 'treadle', checked_at: '2026-11-22T05:00:00Z', serving_version: null, versions: [], can_train: true, can_follow: true } as unknown as Backend;
const training = { id: 3, project: 1, backend: 7, state: 'running', cause: 'person', spec: { settings: {}, held_out: 0.2, seed: 0, promote: 'never' }, gate: [], override_reason: '', message: '', done: 3, total: 10, eta_s: 120, task_count: 5, held_out_count: 1, evaluation: null, serving_evaluation: null, version: null, serving_version: null, run: null, started_by: null, created_at: '2026-11-22T05:00:00Z', started_at: null, ended_at: null, job: null } as unknown as Training;
const AT = '/projects/1/learning';

interface Sent {
  method: string;
  path: string;
  body: unknown;
}

/** A server that answers by the end of the path, and notes what it was told. */
function serve(answers: Record<string, unknown>): Sent[] {
  const sent: Sent[] = [];
  vi.stubGlobal('fetch', async (address: string, { method = 'GET', body }: RequestInit) => {
    const path = new URL(address).pathname;
    if (method !== 'GET') sent.push({ method, path, body: body ? JSON.parse(String(body)) : null });
    const found = Object.entries(answers).find(([end]) => `${method} ${path}`.endsWith(end));
    return found ? (found[1] instanceof Response ? found[1].clone() : answer(found[1])) : answer([]);
  });
  return sent;
}

test('a built-in model says its licence and what is missing, and one press connects one that is there', async () => {
  const builtins = [{ name: 'yolo', title: 'YOLO', description: 'Boxes', licence: 'AGPL-3.0', fits: '', is_offered: true, is_installed: false, install: "pip install 'treadle[yolo]'" }, { name: 'detector', title: 'Detector', description: 'Boxes', licence: 'Apache-2.0', fits: '', is_offered: true, is_installed: true, install: '' }, { name: 'text', title: 'Texts', description: '', licence: 'Apache-2.0', fits: 'It needs Choices over a Text.', is_offered: true, is_installed: true, install: '' }];
  const sent = serve({ 'GET /api/learning/builtins/': builtins, 'POST /api/ml/': { ...backend, builtin: 'detector' } });
  const connected = vi.fn();
  const { show, host } = mount();
  await show(<ConnectChoices project={project} onConnected={connected} />);
  await settle(() => button('Use') !== undefined);
  expect(host.textContent).toContain("pip install 'treadle[yolo]'");
  expect(host.textContent).toContain('It needs Choices over a Text.');
  expect(host.textContent).toContain(".venv/bin/pip install '.[yolo]'");
  expect(host.querySelector('.builtins b')?.textContent).toBe('Detector');
  expect([...document.querySelectorAll('button')].filter(({ textContent }) => textContent === 'Use')).toHaveLength(1);
  await press(button('Use'));
  await settle(() => connected.mock.calls.length > 0);
  expect(sent).toEqual([{ method: 'POST', path: '/api/ml/', body: { project: 1, builtin: 'detector', title: 'Detector' } }]);
});

test('a server that starts no models itself says so, and takes one by its address', async () => {
  serve({ 'GET /api/learning/builtins/': [{ name: 'detector', title: 'Detector', description: 'Boxes', licence: 'Apache-2.0', fits: '', is_offered: false, is_installed: true, install: '' }] });
  const { show, host } = mount();
  await show(<ConnectChoices project={project} />);
  await settle(() => host.textContent.includes('switched off here'));
  expect(button('Use')).toBeUndefined();
  expect(button('Connect')).toBeDefined();
});

test('a model that is down says why and what to do, and the check is one press', async () => {
  const sent = serve({ 'POST /api/ml/7/check/': backend });
  const { show, host } = mount();
  await show(<ConnectionCard project={project} backend={{ ...backend, state: 'DI', error_message: 'Nothing listens at 127.0.0.1:9090.' }} backends={[backend]} edits manages onChoose={() => undefined} onConnect={() => undefined} />);
  expect(host.querySelector('[role="alert"]')?.textContent).toContain('Nothing listens at 127.0.0.1:9090.');
  await press(button('Check now'));
  await settle(() => sent.length > 0);
  expect(sent[0]?.path).toBe('/api/ml/7/check/');
});

test('what the gate stops is started only with a reason, which goes with it', async () => {
  const stop = { code: 'schema', severity: 'stop', text: 'Three results are of labels that the config lacks', count: 3, tasks: [4] };
  const sent = serve({ '/gate/': { findings: [stop], task_count: 5, held_out_count: 1, labels: [] }, 'POST /api/learning/trainings/': training });
  const started = vi.fn();
  const { show } = mount();
  await show(routed(() => <TrainDialog project={project} backend={backend} manages before={undefined} onStarted={started} onClose={() => undefined} />, AT));
  await settle(() => button('Train all the same') !== undefined && document.body.textContent?.includes(stop.text) === true);
  expect(button('Train all the same').disabled).toBe(true);
  const fields = [...document.querySelectorAll('input')];
  await type(fields.at(-1) as HTMLInputElement, 'They are known.');
  await settle(() => !button('Train all the same').disabled);
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => started.mock.calls.length > 0);
  expect(sent.at(-1)).toEqual({ method: 'POST', path: '/api/learning/trainings/', body: { project: 1, backend: 7, spec: { settings: {}, held_out: 0.2, seed: 0, promote: 'never' }, override: 'They are known.' } });
});

test('the labels of a commit can be learnt from, as they were then', async () => {
  const version = { commit: { id: 'c'.repeat(32), message: 'Sixty digits' }, repo: 2, repo_name: 'labels', branch: 'master', tags: ['v1'] };
  const sent = serve({ 'GET /api/projects/1/versions/': { results: [version] }, '/gate/': { findings: [], task_count: 5, held_out_count: 1, labels: [] } });
  const { show } = mount();
  await show(routed(() => <TrainDialog project={project} backend={backend} manages before={undefined} onStarted={() => undefined} onClose={() => undefined} />, AT));
  await settle(() => document.querySelectorAll('option').length > 1);
  const choice = [...document.querySelectorAll('option')].find(({ textContent }) => textContent === 'v1, Sixty digits');
  await act(async () => {
    const list = choice?.closest('select') as HTMLSelectElement;
    list.value = choice?.value ?? '';
    list.dispatchEvent(new Event('change', { bubbles: true }));
    await new Promise((done) => setTimeout(done, 400));
  });
  await settle(() => (sent.at(-1)?.body as { spec?: { as_of?: string } } | undefined)?.spec?.as_of !== undefined);
  expect(sent.at(-1)).toMatchObject({ path: '/api/learning/trainings/gate/', body: { spec: { as_of: 'labels@v1' } } });
});

test('nothing to learn from asks for no reason: nothing overrides it', async () => {
  serve({ '/gate/': { findings: [{ code: 'nothing', severity: 'stop', text: 'No task is finished.', count: 0, tasks: [] }], task_count: 0, held_out_count: 0, labels: [] } });
  const { show } = mount();
  await show(routed(() => <TrainDialog project={project} backend={backend} manages before={undefined} onStarted={() => undefined} onClose={() => undefined} />, AT));
  await settle(() => document.body.textContent?.includes('label a few tasks') ?? false);
  expect(document.body.textContent).toContain('label a few tasks');
  expect(document.body.textContent).not.toContain('all the same');
});

test('that the model was away is told once, and no more when it is back', async () => {
  let isOver = false;
  const job = { id: 'j', kind: 'prelabel', state: 'running', progress: { done: 0, total: 4 }, cancel_requested: false };
  vi.stubGlobal('fetch', async (address: string) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/prelabel/')) return answer({ done: 0, nothing: 0, failed: 0, missing: 4, version: '', job: isOver ? null : 'j' });
    return answer(path.startsWith('/api/jobs/j') ? (isOver ? { ...job, state: 'failed', error: 'Backend 7 does not answer.' } : job) : []);
  });
  const { show, host, client } = mount();
  let become: (state: Backend['state']) => void = () => undefined;
  function Shown() {
    const [state, set] = useState<Backend['state']>('CO');
    become = set;
    return <PredictionsCard project={project} backend={{ ...backend, state }} edits manages={false} />;
  }
  await show(routed(() => <Shown />, AT));
  await settle(() => host.querySelector('[role="status"]') !== null);
  isOver = true;
  await act(async () => { await client.invalidateQueries(); });
  await settle(() => host.querySelector('[role="alert"]') !== null);
  expect(host.querySelector('[role="alert"]')?.textContent).toBe('Backend 7 does not answer.');
  await act(async () => become('DI'));
  expect(host.querySelector('[role="alert"]')?.textContent).toContain('4 tasks not asked yet');
  await act(async () => become('CO'));
  expect(host.querySelector('[role="alert"]')).toBeNull();
});

test('a training that runs is stopped with its work kept or dropped', async () => {
  const sent = serve({ '/figures/': { figures: {}, serving: {} }, '/cancel/': training });
  const { show, host } = mount();
  await show(routed(() => <TrainingCard project={project} backend={backend} training={training} number={1} edits manages onAgain={() => undefined} />, AT));
  await settle(() => button('Stop…') !== undefined);
  expect(host.textContent).toContain('3 of 10');
  expect(host.textContent).toContain('2 min left');
  await press(button('Stop…'));
  await press(button('Stop and keep it'));
  await settle(() => sent.length > 0);
  expect(sent).toEqual([{ method: 'POST', path: '/api/learning/trainings/3/cancel/', body: { keep: true } }]);
});

test('only who may promote is offered to, and an earlier version serves again by one press', async () => {
  const versions = [{ id: 2, number: 2, name: 'b', is_serving: true, promoted_at: '2026-11-22T04:00:00Z', created_at: '2026-11-22T04:00:00Z', training: null, prediction_count: 0 }, { id: 1, number: 1, name: 'a', is_serving: false, promoted_at: '2026-11-21T04:00:00Z', created_at: '2026-11-21T04:00:00Z', training: null, prediction_count: 12 }] as ModelVersion[];
  const sent = serve({ 'GET /api/learning/versions/': versions, '/promote/': { ...backend, serving_version: { id: 1, number: 1, name: 'a' } } });
  const draw = (manages: boolean) => routed(() => <VersionsCard project={project} backend={backend} edits manages={manages} trainings={[]} />, AT);
  const editor = mount();
  await editor.show(draw(false));
  await settle(() => editor.host.textContent?.includes('12 predictions') ?? false);
  expect(editor.host.textContent).not.toContain('Serve again');
  const manager = mount();
  await manager.show(draw(true));
  await settle(() => document.querySelector('[aria-label="Serve again: version 1"]') !== null);
  await press(document.querySelector('[aria-label="Serve again: version 1"]'));
  await settle(() => sent.length > 0);
  expect(sent).toEqual([{ method: 'POST', path: '/api/learning/versions/promote/', body: { backend: 7, version: 1 } }]);
});

test('a failed task is listed with its reason and is asked for again alone', async () => {
  const failure = { task: 42, version: 'a', problem: 'The picture is broken.', tries: 2, at: '2026-11-22T04:00:00Z' };
  const sent = serve({ 'GET /api/learning/prelabel/': { done: 3, nothing: 1, failed: 1, missing: 4, version: 'a', job: null }, '/failures/': { total: 1, failures: [failure] }, 'POST /api/learning/prelabel/': { job: 'j', total: 1 } });
  const { show } = mount();
  await show(routed(() => <PredictionsCard project={project} backend={backend} edits manages={false} />, AT));
  await settle(() => document.querySelector('.failed-count') !== null);
  await press(document.querySelector('.failed-count'));
  await settle(() => document.body.textContent?.includes('The picture is broken.') ?? false);
  expect(document.querySelector<HTMLAnchorElement>('.failures a')?.href).toContain('/projects/1/label?task=42');
  await press(document.querySelector('[aria-label="Ask again for task 42"]'));
  await settle(() => sent.length > 0);
  expect(sent).toEqual([{ method: 'POST', path: '/api/learning/prelabel/', body: { project: 1, backend: 7, only: 'failed', selectedItems: { all: false, included: [42] } } }]);
});

test('classes that were left out are counted where one looks for predictions', async () => {
  const job = { id: 'j', kind: 'prelabel', state: 'running', progress: { done: 1, total: 4 }, cancel_requested: false };
  let isDone = false;
  const standing = { done: 3, nothing: 1, failed: 0, missing: 0, version: 'a' };
  vi.stubGlobal('fetch', async (address: string) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/prelabel/')) return answer({ ...standing, job: isDone ? null : 'j' });
    return answer(path.startsWith('/api/jobs/j') ? (isDone ? { ...job, state: 'done', result: { dropped: { bus: 1, lorry: 12 } } } : job) : []);
  });
  const { show, host, client } = mount();
  await show(routed(() => <PredictionsCard project={project} backend={backend} edits manages={false} />, AT));
  await settle(() => host.textContent?.includes('1 of 4') ?? false);
  isDone = true;
  await act(async () => { await client.invalidateQueries(); });
  await settle(() => host.textContent?.includes('lorry 12 times, bus once') ?? false);
  expect(host.textContent).toContain('lorry 12 times, bus once');
});

test('classes that failed are offered in a table, and the secret that was not typed is not sent', async () => {
  const problem = '"lorry" is no label of the control "box". Its labels: "Car", "Bus".';
  const sent = serve({ '/failures/': { total: 1, failures: [{ task: 1, version: 'a', problem, tries: 1, at: '2026-11-22T04:00:00Z' }] }, 'PATCH /api/ml/7/': backend });
  const { show } = mount();
  await show(<ConnectionDialog project={project} backend={{ ...backend, settings: { confidence: 0.4 } }} onClose={() => undefined} />);
  await settle();
  await press(document.querySelectorAll<HTMLInputElement>('.options input')[3]);
  await settle(() => document.querySelector<HTMLInputElement>('.class-row input')?.value === 'lorry');
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => sent.length > 0);
  expect(sent[0]?.body).toMatchObject({ settings: { confidence: 0.4, unknown_labels: { lorry: '' } } });
  expect(sent[0]?.body).not.toHaveProperty('basic_auth_pass');
});
