import { act } from 'react';
import { expect, test, vi } from 'vitest';
import { answer, button, mount, routed, settle } from '../../test-screens';
import { toldBy } from './label-colours';
import { MergeDialog } from './merge-dialog';

const words = () => document.body.textContent ?? '';
const file = (id: string) => ({ type: 'file', path: 'birds.csv', id, size_bytes: 12, modified_at: '2026-01-01T00:00:00Z', metadata: {} });

test('a conflict shows what differs between the branches before one of them is chosen', async () => {
  vi.stubGlobal('fetch', async (address: string, { method }: RequestInit = {}) => {
    const { pathname, searchParams } = new URL(address);
    if (method === 'POST') return answer({ detail: 'Both sides changed 1 file.', code: 'merge-conflicts', details: { conflicts: [{ path: 'birds.csv', base: file('b'), ours: file('o'), theirs: file('t') }] } }, 409);
    if (pathname.endsWith('/birds.csv')) return new Response(searchParams.get('ref') === 'tidy' ? 'bird\ncrane\n' : 'bird\nheron\n');
    if (pathname.includes('/branches')) return answer({ results: ['master', 'tidy'].map((name) => ({ name, head: name, version: 1, open_commit: null, created_at: '' })) });
    return answer({ metadata: {} });
  });
  await mount().show(routed(() => <MergeDialog repo={{ id: 1, name: 'images' } as never} from="tidy" onClose={() => undefined} />));
  await settle(() => !button('Merge')?.disabled);
  await act(async () => document.querySelector<HTMLFormElement>('#merge')?.requestSubmit());
  await settle(() => words().includes('crane'));
  expect([...document.querySelectorAll('.diff tr.removed, .diff tr.added')].map((row) => row.lastElementChild?.textContent)).toEqual(['heron', 'crane']);
});

test('a commit of labels names them in the order of its project', () => {
  expect(toldBy({ treadle: { project: 4, label_ids: { Bicycle: 2, Car: 0, Person: 1 } } })).toEqual({ project: 4, labels: ['Car', 'Person', 'Bicycle'] });
  expect(toldBy({ by: 'hand' })).toBeUndefined();
});
