import { expect, test, vi } from 'vitest';
import { answer, mount, press, settle } from '../../test-screens';
import { SourceRow } from './source-row';
import { StorageJob } from './storage-acts';

const JOB = { id: 'j', state: 'done', result: {}, progress: null, log: '' };

test('a sync that was over before it was first looked at refreshes what it changed, once', async () => {
  vi.stubGlobal('fetch', async () => answer(JOB));
  const { show, client } = mount();
  const refreshed = vi.spyOn(client, 'invalidateQueries');
  await show(<StorageJob id={undefined} />);
  await show(<StorageJob id="j" />);
  await settle(() => refreshed.mock.calls.length > 0);
  expect(refreshed.mock.calls.filter(([filter]) => (filter?.queryKey as string[])[0] === 'tasks')).toHaveLength(1);
});

test('the reason of a failed sync goes once a later one, begun elsewhere, went well', async () => {
  vi.stubGlobal('fetch', async (_: string, { method }: RequestInit) => answer(method === 'POST' ? { job: 'j' } : { ...JOB, state: 'failed', error: 'No such folder.' }));
  const { show, host } = mount();
  const storage = { id: 1, type: 'repo', title: 'Birds', status: 'failed', last_sync: null, counts: {}, follow: true };
  const draw = (more: object) => show(<SourceRow project={{ id: 1 } as never} storage={{ ...storage, ...more } as never} onEdit={() => undefined} />);
  await draw({});
  await press(document.querySelector('[aria-label="Sync Birds"]'));
  await settle(() => host.textContent?.includes('No such folder.') ?? false);
  await draw({ last_sync_job: 'j' });
  expect(host.textContent).toContain('No such folder.');
  await draw({ status: 'completed', last_sync: '2026-11-21T22:00:00Z', last_sync_job: 'k' });
  await settle();
  expect(host.textContent).not.toContain('No such folder.');
});
