import { act, Suspense } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { answer, mount, routed, settle, type } from '../test-screens';
import { Palette } from './palette';
import { useWish } from './wish';

const asked: string[] = [];
const REPO = { id: 1, name: 'images', workspace: { id: 1, name: 'main' }, may_write: true, files: 3, head: { id: 'h' } };

afterEach(() => { asked.length = 0; });

/** The palette over a page, of somebody who may do everything. */
async function open(at: string): Promise<void> {
  vi.stubGlobal('fetch', async (address: string) => {
    const { pathname, searchParams } = new URL(address);
    asked.push(`${pathname}?${searchParams}`);
    if (pathname.includes('/session')) return answer({ user: { id: 1, email: 'a@example.com' }, workspaces: [{ id: 1, name: 'main', title: 'Main', role: 'owner' }] });
    if (pathname.includes('/files/')) return answer({ results: searchParams.get('glob')?.includes('china') ? [{ type: 'file', path: 'asia/china.jpg', id: '1', size_bytes: 1 }] : [], next: null });
    if (pathname.includes('/branches/')) return answer({ results: [{ name: 'master', head: 'h' }, { name: 'strict', head: 'h' }] });
    if (pathname.includes('/storages/export')) return answer([{ id: 4, type: 'repo', repo: 'labels@master', status: 'completed' }]);
    if (pathname.includes('/storages/')) return answer([{ id: 3, type: 'repo', repo: 'images@master', status: 'completed' }]);
    if (pathname.endsWith('/repos/1/')) return answer(REPO);
    if (pathname.includes('/members')) return answer([]);
    if (pathname.includes('/projects')) return answer({ count: 0, results: [] });
    return answer({ results: [] });
  });
  await mount().show(<Suspense>{routed(() => <Palette />, at)}</Suspense>);
  await settle(() => field() !== null);
}
const field = () => document.querySelector<HTMLInputElement>('[role="combobox"]') as HTMLInputElement;
const options = () => [...document.querySelectorAll('[role="option"] .grow')].map(({ textContent }) => textContent);
async function find(words: string, until: () => boolean): Promise<void> {
  await type(field(), words);
  for (let turn = 0; turn < 5 && !until(); turn += 1) await settle(until); // what is typed rests before it is asked for
}

test('in a repo its branches, its files and what is done there are found', async () => {
  await open('/repos/1');
  await settle(() => options().includes('New branch'));
  await find('branch', () => options().includes('New branch'));
  expect(options()).toEqual(expect.arrayContaining(['New branch', 'Branches and tags of images']));
  await find('stric', () => options().includes('strict'));
  expect(options()).toEqual(['strict']);
  await find('china', () => options().includes('asia/china.jpg'));
  expect(options()).toEqual(['asia/china.jpg']);
});

test('files are asked for when the typing rests, a few at a time', async () => {
  await open('/repos/1');
  await settle(() => options().includes('New branch'));
  for (const part of ['c', 'ch', 'chi', 'chin', 'china']) await type(field(), part);
  await find('china', () => options().includes('asia/china.jpg'));
  const looked = asked.filter((each) => each.includes('glob='));
  expect(looked).toHaveLength(1);
  expect(looked[0]).toContain('limit=8');
});

test('in a project its labels are committed and its sources synced', async () => {
  await open('/projects/1/data');
  await settle(() => options().some((title) => title?.startsWith('Sync')));
  await find('commit lab', () => options().length === 1);
  expect(options()).toEqual(['Commit labels to labels@master']);
  await find('sync', () => options().includes('Sync images@master'));
  expect(options()).toContain('Sync images@master');
});

test('what an address wishes is done once', async () => {
  const done = vi.fn();
  function Page() {
    useWish('new-branch', done);
    return null;
  }
  await mount().show(routed(Page, '/repos/1?do=new-branch&ref=master'));
  await settle(() => done.mock.calls.length > 0);
  await act(async () => undefined);
  await settle();
  expect(done).toHaveBeenCalledTimes(1);
});
