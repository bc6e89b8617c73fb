import { expect, test, vi } from 'vitest';
import { answer, mount, routed, settle } from '../../test-screens';
import { Unasked } from './tasks';
import { type Asking, useAsking } from './use-asking';

const asked = async (search: string, views: () => Response): Promise<Asking> => {
  vi.stubGlobal('fetch', async (address: string) => (new URL(address).pathname.includes('views') ? views() : answer({ columns: [] })));
  let now: Asking | undefined;
  function Screen() {
    now = useAsking(1);
    return now.isReady ? <p>asks</p> : <Unasked asking={now} />;
  }
  await mount().show(routed(Screen, `/projects/1/data${search}`));
  await settle(() => now?.isReady === true || now?.isViewGone === true || now?.failed !== null);
  return now as unknown as Asking;
};

test('a view that is not there is said, and no tasks are asked for in its place', async () => {
  const gone = await asked('?view=99', () => answer([]));
  expect([gone.isViewGone, gone.isReady]).toEqual([true, false]);
  expect(document.body.textContent).toContain('This view is not here');
});

test('nothing is asked for while the views did not come, and it can be tried again', async () => {
  const failed = await asked('?view=99', () => answer({ detail: 'The disk is full.' }, 500));
  expect([failed.isViewGone, failed.isReady]).toEqual([false, false]);
  expect(document.body.textContent).toContain('The disk is full.');
});

test('without a view nothing waits for the views', async () => {
  expect((await asked('', () => answer({}, 500))).isReady).toBe(true);
});
