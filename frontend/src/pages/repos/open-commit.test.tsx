import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, press, routed, settle, type } from '../../test-screens';
import { OpenCommit } from './open-commit';

test('the message that one writes outlives a commit by somebody else, and cannot be sent any more', async () => {
  let open: string | null = 'c1';
  vi.stubGlobal('fetch', async (address: string) => address.includes('/branches/')
    ? answer({ results: [{ name: 'master', head: 'h', version: 1, open_commit: open, created_at: '' }] })
    : answer({ from: 'h', to: 'c1', results: [{ path: 'a', change: 'added', old: null, new: null }], next: null }));
  const { show, client, unmount } = mount();
  await show(routed(() => <OpenCommit repo={{ id: 1, name: 'images', may_write: true } as never} branch="master" />));
  await settle(() => button('Commit…') !== undefined);
  await press(button('Commit…'));
  const message = () => document.querySelector('#finish input') as HTMLInputElement;
  await type(message(), 'a long message');
  expect(button('Commit').disabled).toBe(false);
  open = null;
  await act(async () => client.invalidateQueries());
  await settle(() => button('Commit…') === undefined);
  expect(message().value).toBe('a long message');
  expect(document.querySelector('[role="alert"]')?.textContent).toContain('meanwhile');
  expect(button('Commit').disabled).toBe(true);
  await unmount();
});
