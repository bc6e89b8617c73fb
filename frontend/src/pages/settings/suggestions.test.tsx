import { expect, test, vi } from 'vitest';
import type { Project } from '../../api/types';
import { answer, button, mount, press, settle } from '../../test-screens';
import { Suggestions } from './suggestions';

test('a project says whether its model is asked when a task is opened', async () => {
  const project = { id: 1, show_collab_predictions: true, evaluate_predictions_automatically: false, model_version: '' } as Project;
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit = {}) => {
    if (body) sent.push(JSON.parse(String(body)));
    return answer(body ? { ...project, evaluate_predictions_automatically: true } : {});
  });
  const { show, host, unmount } = mount();
  await show(<Suggestions project={project} />);
  await press([...host.querySelectorAll('label')].find(({ textContent }) => textContent?.includes('when a task is opened'))?.querySelector('input'));
  await press(button('Save'));
  await settle(() => sent.length > 0);
  expect(sent).toEqual([{ evaluate_predictions_automatically: true }]);
  await unmount();
});

test('versions to choose from are called by their numbers', async () => {
  const project = { id: 1, show_collab_predictions: true, evaluate_predictions_automatically: false, model_version: '' } as Project;
  vi.stubGlobal('fetch', async (at: URL | string) => answer(String(at).includes('api/ml/') ? [{ id: 4, title: 'Cars', builtin: '', versions: [{ name: '2026-x', number: 2 }] }] : { '2026-x': 7, 'by hand': 1 }));
  const { show, host, unmount } = mount();
  await show(<Suggestions project={project} />);
  await settle(() => host.textContent?.includes('Cars') === true);
  expect([...host.querySelectorAll('option')].map(({ value, textContent }) => [value, textContent])).toEqual([['', 'The newest'], ['2026-x', 'Cars, version 2 (7)'], ['by hand', 'by hand (1)']]);
  await unmount();
});
