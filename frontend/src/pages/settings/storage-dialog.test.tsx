import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, press, settle, type } from '../../test-screens';
import { useToasts } from '../../ui/toast';
import { StorageDialog } from './storage-dialog';

test('a source whose first sync is refused is made once, and its refusal is said', async () => {
  const made: string[] = [];
  vi.stubGlobal('fetch', async (address: string, { method }: RequestInit) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/types')) return answer([{ name: 'http', title: 'HTTP' }]);
    if (path.endsWith('/form')) return answer([{ fields: [{ name: 'url', label: 'URL', type: 'text', required: false }] }]);
    if (path.endsWith('/files/')) return answer({ files: [{ key: 'a.jpg', is_task: true }] });
    if (method === 'POST' && path.endsWith('/sync')) return answer({ detail: 'Another sync is running.' }, 409);
    if (method === 'POST') made.push(path);
    return answer({ id: made.length, type: 'http' }, 201);
  });
  const closed = vi.fn();
  const { show, unmount } = mount();
  await show(<StorageDialog project={{ id: 1, workspace: 1 } as never} direction="source" storage={undefined} onClose={closed} />);
  await settle(() => button(/HTTP/) !== undefined);
  await press(button(/HTTP/));
  await settle(() => !button('Add and sync').disabled);
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => closed.mock.calls.length > 0);
  expect(made).toEqual(['/api/storages/http']);
  expect(closed).toHaveBeenCalledTimes(1);
  expect(useToasts.getState().toasts.at(-1)).toMatchObject({ tone: 'bad', text: expect.stringContaining('Another sync is running.') });
  await unmount();
});

test('files of which no task comes are said before a source is made, and it can be made all the same', async () => {
  const made: string[] = [];
  vi.stubGlobal('fetch', async (address: string, { method }: RequestInit) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/types')) return answer([{ name: 'http', title: 'HTTP' }]);
    if (path.endsWith('/form')) return answer([{ fields: [{ name: 'url', label: 'URL', type: 'text', required: false }] }]);
    if (path.endsWith('/files/')) return answer({ files: [{ key: 'a.jpg', is_task: true }, { key: 'notes.txt', is_task: false }] });
    if (method === 'POST') made.push(path);
    return answer({ id: 1, type: 'http', job: 'j' }, 201);
  });
  const closed = vi.fn();
  const { show, unmount } = mount();
  await show(<StorageDialog project={{ id: 1, workspace: 1 } as never} direction="source" storage={undefined} onClose={closed} />);
  await settle(() => button(/HTTP/) !== undefined);
  await press(button(/HTTP/));
  await settle(() => !button('Add and sync').disabled);
  expect((document.activeElement as HTMLInputElement).name || document.activeElement?.tagName).toBe('INPUT');
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => button('Add all the same') !== undefined);
  expect(made).toEqual([]);
  expect(document.body.textContent).toContain('notes.txt');
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => closed.mock.calls.length > 0);
  expect(made).toEqual(['/api/storages/http', '/api/storages/http/1/sync']);
  await unmount();
});

test('a change sends what was typed, and not what somebody else may have changed meanwhile', async () => {
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (address: string, { method, body }: RequestInit) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/types')) return answer([{ name: 'http', title: 'HTTP' }]);
    if (path.endsWith('/form')) return answer([{ fields: [{ name: 'url', label: 'URL', type: 'text', required: true }] }]);
    if (method === 'PATCH') sent.push(JSON.parse(String(body)));
    return answer({ id: 7, type: 'http' });
  });
  const closed = vi.fn();
  const { show, unmount } = mount();
  const kept = { id: 7, type: 'http', title: 'Old', url: 'https://files.example/list' };
  await show(<StorageDialog project={{ id: 1, workspace: 1 } as never} direction="source" storage={kept as never} onClose={closed} />);
  await settle(() => document.querySelectorAll('input').length > 1 && !button('Save').disabled);
  await type(document.querySelector('input') as HTMLInputElement, 'New');
  await act(async () => document.querySelector('form')?.requestSubmit());
  await settle(() => closed.mock.calls.length > 0);
  expect(sent).toEqual([{ title: 'New' }]);
  await unmount();
});
