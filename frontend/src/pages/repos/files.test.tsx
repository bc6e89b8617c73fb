import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, press, routed, settle } from '../../test-screens';
import { Files } from './files';

const words = () => document.body.textContent ?? '';
const PATHS = ['a.bin', 'b.bin'];
const REPO = { id: 1, name: 'images', workspace: { id: 1, name: 'main' }, may_write: true, head: { id: 'h', branch: 'master' }, branches: 1 };

/** The page of a repo, and what the focus is on in it. */
async function open(search: string): Promise<void> {
  let paths = PATHS;
  const listed = (path: string) => ({ type: 'file', path, id: '01ff00000000000000', size_bytes: 10, modified_at: '2026-11-21T00:00:00Z', metadata: {} });
  vi.stubGlobal('fetch', async (address: string, { method = 'GET' }: RequestInit = {}) => {
    const { pathname, searchParams } = new URL(address);
    if (method === 'POST') paths = paths.slice(1);
    if (pathname.includes('/branches')) return answer({ results: [{ name: 'master', head: 'h', version: 1, open_commit: null, created_at: '' }] });
    if (pathname.endsWith('/files/') && method === 'GET') return answer({ results: paths.filter((path) => path.startsWith(searchParams.get('prefix') ?? '')).map(listed), next: null });
    return answer({ ...REPO, results: [] });
  });
  await mount().show(routed(Files, `/repos/1${search}`));
  await settle(() => words().includes('b.bin'));
  await settle();
}
const focused = () => (document.activeElement as HTMLElement).dataset['path'];

test('a file that the address names and that is not there is said not to be', async () => {
  await open('?file=gone.txt');
  await settle(() => words().includes('gone.txt'));
  expect(words()).toContain('gone.txt is not at master');
});

test('Escape closes the preview, and the focus is on the file that it showed', async () => {
  await open('?file=b.bin');
  await settle(() => document.querySelector('.file-preview') !== null);
  await act(async () => { window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', cancelable: true })); });
  await settle(() => focused() === 'b.bin');
  expect([document.querySelector('.file-preview'), focused()]).toEqual([null, 'b.bin']);
});

test('where a file was deleted the focus is on the one beside it', async () => {
  await open('');
  await press(document.querySelector('[aria-label="More about a.bin"]'));
  await settle(() => document.querySelector('[role="menuitem"].danger') !== null);
  await press(document.querySelector('[role="menuitem"].danger'));
  await settle(() => button('Delete file') !== undefined);
  await press(button('Delete file'));
  await settle(() => focused() !== undefined);
  expect(focused()).toBe('b.bin');
});

test('the arrows walk the files from wherever one is, and the preview goes with them', async () => {
  await open('');
  const press = (element: EventTarget, key: string) => act(async () => { element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })); });
  await press(window, 'ArrowDown');
  expect(focused()).toBe('a.bin');
  await act(async () => (document.activeElement as HTMLElement).click());
  await settle(() => document.querySelector('.file-preview') !== null);
  await press(document.activeElement as Element, 'ArrowDown');
  await settle(() => document.querySelector('.looked a')?.textContent?.includes('b.bin') === true);
  expect([focused(), document.querySelector('.looked a')?.getAttribute('data-path')]).toEqual(['b.bin', 'b.bin']);
});
