import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, press, settle } from '../../test-screens';
import { useToasts } from '../../ui/toast';
import { StorageDialog } from './storage-dialog';

test('a source whose first sync is refused is made once, and its refusal is said', async () => {
  const made: string[] = [];
  vi.stubGlobal('fetch', async (address: string, { method }: RequestInit) => {
    const path = new URL(address).pathname;
    if (path.endsWith('/types')) return answer([{ name: 'http', title: 'HTTP' }]);
    if (path.endsWith('/form')) return answer([{ fields: [{ name: 'url', label: 'URL', type: 'text', required: false }] }]);
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
