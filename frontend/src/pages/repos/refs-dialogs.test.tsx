import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, press, settle } from '../../test-screens';
import { Toasts, useToasts } from '../../ui/toast';
import { ResetBranch } from './refs-dialogs';

test('a moved branch is offered back, and where somebody moved it meanwhile that is said', async () => {
  let moves = 0;
  vi.stubGlobal('fetch', async (_: string, { method }: RequestInit) => {
    if (method !== 'PUT') return answer({ id: 'b'.repeat(32), message: 'older', created_at: '2026-01-01T00:00:00Z', finished_at: null, results: [] });
    moves += 1;
    return moves === 1 ? answer({}) : answer({ detail: 'The branch moved.', code: 'branch-moved' }, 409);
  });
  const words = () => document.body.textContent ?? '';
  await mount().show(<><ResetBranch repo={{ id: 1, name: 'images' } as never} branch={{ name: 'master', head: 'a'.repeat(32) } as never} onClose={() => undefined} /><Toasts /></>);
  await settle(() => words().includes('bbbbbbbb: older'));
  await press(button('Move the branch'));
  await settle(() => document.querySelector('.undo-left') !== null);
  await press(document.querySelector('.toast .btn.small'));
  await settle(() => words().includes('The branch moved.'));
  expect(words()).toContain('It could not be taken back: The branch moved.');
  await act(async () => useToasts.setState({ toasts: [] }));
});
