import { expect, test, vi } from 'vitest';
import { sessionQuery } from '../../api/session';
import { answer, button, mount, newClient, press, routed, settle } from '../../test-screens';
import { bringBack, tellBack } from './bring-back';
import type { Line } from './deleted-table';
import { Purge } from './purge';
import { ending } from './purge-progress';

const NOTHING = { experiments: 0, runs: 0, logged_models: 0, traces: 0, noted: 0, size_bytes: 0, objects: 0, is_whole: false, job: null };

/** The page of a manager in a workspace where no experiment and no run lies deleted. */
async function open(purgeable: object, job: () => Response = () => answer({}, 404)) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    if (address.includes('/purge/')) return answer({ ...NOTHING, ...purgeable });
    if (address.includes('/jobs/')) return job();
    return answer({ experiments: 0, runs: 0, results: [] });
  });
  const client = newClient();
  client.setQueryData(sessionQuery.queryKey, { user: { id: 1 }, workspaces: [{ id: 1, name: 'main', role: 'manager', projects: 0 }] } as never);
  const page = mount(client);
  await page.show(routed(Purge, '/?w=1'));
  await settle(() => page.host.textContent?.includes('lies deleted') === true);
  return { ...page, asked };
}

const freeing = () => button(/Free for good/);

test('what lies in no line of the table can be freed, without a look at files before', async () => {
  const { host, asked, unmount } = await open({ logged_models: 1, noted: 2 });
  await settle(() => freeing() !== undefined);
  expect(host.textContent).toContain('1 logged model and what an earlier purge left in 2 places');
  expect(freeing()).toBeDefined();
  expect(asked.filter((each) => each.includes('/purge/')).every((each) => each.includes('with_sizes=0'))).toBe(true);
  await unmount();
});

test('where there is nothing to free the page rests', async () => {
  const { host, unmount } = await open({});
  await settle();
  expect(host.textContent).toContain('Nothing lies deleted');
  expect(freeing()).toBeUndefined();
  await unmount();
});

test('a purge that cannot be asked for is told, and keeps nobody from another', async () => {
  let job = () => answer({ code: 'job-not-found', message: 'There is no such job.' }, 404);
  const { host, unmount } = await open({ noted: 1, job: 'j1' }, () => job());
  await settle(() => button('Try again') !== undefined);
  expect(host.querySelector('[role="status"]')?.textContent).toContain('not for you to see');
  expect(freeing()).toBeDefined();
  job = () => answer({ id: 'j1', kind: 'tracking-purge', state: 'running', progress: { done: 1, total: 2 }, message: '', cancel_requested: false });
  await press(button('Try again'));
  await settle(() => button('Stop') !== undefined);
  expect(freeing()).toBeUndefined();
  await unmount();
});

test('a stopped purge does not say that all the rest lies there as before', () => {
  expect(ending({ state: 'cancelled' } as never)).toContain('cannot be restored any more');
});

const line = (of: string, run?: string): Line => ({ of, name: of, within: '', deletedAt: null, deletedBy: null, user: null, ...(run ? { run } : {}) });

test('a restore that stops half way says what came back, and why the others did not', async () => {
  vi.stubGlobal('fetch', async (address: string) => address.includes('/runs/actions/')
    ? answer({ changed: 1, refused: [], unchanged: ['b', 'c'], left: 2, why: 'The tracking process is away.' })
    : answer({}));
  const lines = [line('3'), line('4/a', 'a'), line('4/b', 'b'), line('4/c', 'c')];
  const done = await bringBack(1, lines);
  expect(done.left).toEqual(lines.slice(2));
  expect(tellBack(done)).toBe('1 experiment and 1 run are back, 2 runs are not. The tracking process is away.');
});

test('an experiment that is refused leaves what came after it, and says so', async () => {
  let asked = 0;
  vi.stubGlobal('fetch', async () => (asked++ === 0 ? answer({}) : answer({ error_code: 'X', message: 'It is being purged.' }, 400)));
  const lines = [line('3'), line('5'), line('4/a', 'a')];
  const done = await bringBack(1, lines);
  expect(done.left).toEqual(lines.slice(1));
  expect(tellBack(done)).toBe('1 experiment is back, 1 experiment and 1 run are not. It is being purged.');
});
