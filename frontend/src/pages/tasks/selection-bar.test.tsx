import { afterEach, expect, test, vi } from 'vitest';
import type { Project } from '../../api/types';
import { answer, button, mount, press, settle } from '../../test-screens';
import { useToasts } from '../../ui/toast';
import { SelectionBar } from './selection-bar';

const project = { id: 7, title: 'Shapes' } as Project;
const asked = { project: 7, filters: [], conjunction: 'and', ordering: [] } as never;

afterEach(() => vi.unstubAllGlobals());

async function bar(models: readonly object[]): Promise<string[]> {
  const heard: string[] = [];
  vi.stubGlobal('fetch', async (path: string | URL, asking?: RequestInit) => {
    heard.push(`${asking?.method ?? 'GET'} ${path}`);
    if (String(path).includes('api/ml/')) return answer(models);
    if (String(path).includes('api/jobs/')) return answer({ id: 'j', state: 'done', progress: null, result: { done: 3, nothing: 1, failed: 2, present: 0 } });
    return answer({ job: 'j', deletion: null }, 202);
  });
  const { show } = mount();
  const selection = { all: false, ids: new Set([1, 2, 3, 4, 5, 6]) } as never;
  await show(<SelectionBar project={project} asked={asked} total={9} selection={selection} onSelect={() => undefined} now={null} onNow={() => undefined} annotators={[]} models={[]} onExport={undefined} />);
  await settle(() => heard.length > 0);
  return heard;
}

test('a model predicts for the selected tasks, and what came of each is counted as what it is', async () => {
  const heard = await bar([{ id: 3, title: 'Detector' }]);
  await settle(() => button('Predict') !== undefined);
  await press(button('Predict'));
  await settle(() => useToasts.getState().toasts.length > 0);
  expect(heard.some((each) => each.startsWith('POST') && each.includes('id=retrieve_tasks_predictions'))).toBe(true);
  expect(useToasts.getState().toasts.map(({ text }) => text)).toContain('3 tasks predicted; nothing found in 1, 2 failed.');
});

test('where no model is connected, nobody is offered one', async () => {
  await bar([]);
  expect(button('Predict')).toBeUndefined();
});
