import { act } from 'react';
import { afterEach, expect, test, vi } from 'vitest';
import { sessionQuery } from '../../api/session';
import { answer, mount, routed, settle, type } from '../../test-screens';
import { AdminAppearance } from './appearance';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const LOOK = { name: '', accent_light: '', accent_dark: '', logo: '', language: '' };

test('a logo is shown at once, and what was typed above it stays', async () => {
  const reload = vi.spyOn(location, 'reload').mockImplementation(() => undefined);
  let logo = '';
  vi.stubGlobal('fetch', async (_: unknown, wanted?: RequestInit) => {
    if (wanted?.method === 'PUT') logo = 'logo/new.png';
    return answer({ set_here: { ...LOOK, logo }, of_settings: LOOK, shown: { ...LOOK, logo }, contrast_light: null, contrast_dark: null });
  });
  const { client, host, show } = mount();
  client.setQueryData(sessionQuery.queryKey, { user: { id: 1, is_admin: true }, workspaces: [] } as never);
  await show(routed(AdminAppearance));
  await settle(() => host.querySelector('form input') !== null);
  const name = host.querySelector<HTMLInputElement>('form input') as HTMLInputElement;
  const send = async () => {
    const picker = host.querySelector<HTMLInputElement>('input[type="file"]') as HTMLInputElement;
    Object.defineProperty(picker, 'files', { value: [new File(['x'], 'x.png')], configurable: true });
    await act(async () => void picker.dispatchEvent(new Event('change', { bubbles: true })));
  };
  await type(name, 'Field notes');
  await send();
  await settle(() => host.querySelector('.logo-shown') !== null);
  expect([host.querySelector('.logo-shown') !== null, name.value, reload.mock.calls.length]).toEqual([true, 'Field notes', 0]);
  await type(name, '');
  await send();
  await settle(() => reload.mock.calls.length > 0);
  expect(reload).toHaveBeenCalledOnce();
});
