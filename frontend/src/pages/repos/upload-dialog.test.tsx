import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { button, mount, press, routed, settle } from '../../test-screens';
import { UploadDialog } from './upload-dialog';

/** A request as a browser makes it: all that the page hears of it is what the test says. */
class Request {
  static last: Request;
  upload: { onprogress?: (event: { loaded: number; total: number }) => void; onload?: () => void } = {};
  onerror = () => undefined;
  onabort = () => undefined;
  open() { Request.last = this; }
  setRequestHeader() { /* not looked at here */ }
  send() { /* the test answers */ }
  abort() { this.onabort(); }
}

const text = () => document.querySelector('[role="dialog"]')?.textContent ?? '';

test('what was stopped on its way added nothing; of what was all sent nobody says so', async () => {
  vi.stubGlobal('XMLHttpRequest', Request);
  vi.stubGlobal('fetch', async () => Response.json({ results: [] }));
  const { show, unmount } = mount();
  const files = [{ path: 'b.txt', file: new File(['b'], 'b.txt') }];
  await show(routed(() => <UploadDialog repo={{ id: 1, name: 'images' } as never} branch="master" folder="" files={files} onClose={() => undefined} />));
  await settle(() => button('Commit 1 file') !== undefined);
  const send = () => act(async () => document.querySelector<HTMLFormElement>('#upload')?.requestSubmit());
  await send();
  await press(button('Stop'));
  expect(text()).toContain('Nothing was added. The upload was stopped.');
  await send();
  await act(async () => {
    Request.last.upload.onprogress?.({ loaded: 9, total: 9 });
    Request.last.upload.onload?.();
  });
  expect(button('Stop')).toBeUndefined();
  await act(async () => Request.last.onerror());
  expect(text()).toContain('It is not known whether the files were committed.');
  expect([text().includes('Nothing was added'), button('Try again')]).toEqual([false, undefined]);
  await unmount();
});
