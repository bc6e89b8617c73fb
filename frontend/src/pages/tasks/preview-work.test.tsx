import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, mount, press, routed, settle } from '../../test-screens';
import { PreviewWork } from './preview-work';

test('of two versions that are looked at in turn the later stays, whichever answer comes first', async () => {
  const version = (n: number) => ({ version: n, is_current: n === 3, action: 'updated', made_by: null, made_at: '2026-01-01T00:00:00Z', result_count: 0, was_cancelled: false, ground_truth: false, lead_time: 1, added: 0, removed: 0, changed: 0 });
  const land: Record<string, () => void> = {};
  vi.stubGlobal('fetch', (address: string) => {
    const n = /history\/(\d)\//.exec(address)?.[1];
    if (!n) return Promise.resolve(answer([3, 2, 1].map(version)));
    return new Promise((done) => { land[n] = () => done(answer({ ...version(Number(n)), result: [{ id: `of ${n}` }] })); });
  });
  const shown: string[] = [];
  const task = { id: 1, drafts: [], predictions: [], annotations: [{ id: 5, result: [], completed_by: null, was_cancelled: false, lead_time: null, updated_at: '2026-01-01T00:00:00Z' }] };
  const { show } = mount();
  await show(routed(() => <PreviewWork task={task as never} people={new Map()} shownKey={undefined} onShow={({ key }) => shown.push(key)} makes />));
  await settle(() => document.querySelector('[title="History"]') !== null);
  await press(document.querySelector('[title="History"]'));
  await settle(() => document.querySelectorAll('.version-row').length === 3);
  const rows = document.querySelectorAll('.version-row');
  await press(rows[1]);
  await press(rows[2]);
  await act(async () => land['1']?.());
  await settle();
  await act(async () => land['2']?.());
  await settle();
  expect(shown).toEqual(['a5/1']);
});
