import { afterEach, expect, test, vi } from 'vitest';
import { sessionQuery } from '../../api/session';
import { answer, mount, routed, settle } from '../../test-screens';
import { SetUpCheck } from './set-up';

afterEach(() => vi.unstubAllGlobals());

const check = (name: string, state: string, place: string) => ({ name, state, place, seen: '', wrong: '', fixes: [] });

/** The verdict on an installation whose two halves answer like that, once all is tried. */
async function verdictOn(way: () => Response, here: () => Response): Promise<string | null | undefined> {
  vi.stubGlobal('fetch', async (asked: string | URL | Request) => {
    const url = String(asked instanceof Request ? asked.url : asked);
    if (/doctor\/$/.test(url)) return here();
    if (url.includes('judgement')) return way();
    return answer({ now: new Date().toISOString() });
  });
  const { client, host, show } = mount();
  client.setQueryData(sessionQuery.queryKey, { user: { id: 1, is_admin: true }, workspaces: [] } as never);
  await show(routed(SetUpCheck, '/admin/set-up?wait=1'));
  const said = () => host.querySelector('[role="status"]')?.textContent;
  await settle(() => Boolean(said()));
  return said();
}

const refused = () => answer({ detail: 'Something failed.', code: 'server-error' }, 500);

test('a set-up check that could not look does not say that nothing is wrong', async () => {
  const well = (place: string, state = 'well') => () => answer([check('Clock', state, place)]);
  expect(await verdictOn(refused, refused)).toBe('Could not look');
  expect(await verdictOn(refused, well('machine'))).toBe('Could not look');
  expect(await verdictOn(well('way'), refused)).toBe('Could not look');
  expect(await verdictOn(well('way'), well('machine', 'untried'))).toBe('1 not tried');
  expect(await verdictOn(well('way'), well('machine'))).toBe('Nothing is wrong');
});
