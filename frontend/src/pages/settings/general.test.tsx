import { expect, test, vi } from 'vitest';
import type { Project } from '../../api/types';
import { answer, button, mount, press, settle, type } from '../../test-screens';
import { General } from './general';

test('what somebody else changed meanwhile is shown, and is not put back by a save', async () => {
  const project = { id: 1, title: 'Birds', description: 'All', expert_instruction: '', show_instruction: false } as Project;
  const sent: unknown[] = [];
  vi.stubGlobal('fetch', async (_: string, { body }: RequestInit) => {
    sent.push(JSON.parse(String(body)));
    return answer({ ...project, title: 'Birds of Ghana' });
  });
  const { show, host, unmount } = mount();
  await show(<General project={project} />);
  await show(<General project={{ ...project, description: 'All of them' }} />);
  expect(host.textContent).not.toContain('not saved yet');
  await type(host.querySelector('input') as HTMLInputElement, 'Birds of Ghana');
  expect(host.textContent).toContain('not saved yet');
  await press(button('Save'));
  await settle(() => sent.length > 0);
  expect(sent).toEqual([{ title: 'Birds of Ghana' }]);
  await show(<General project={{ ...project, title: 'Birds of Togo' }} />);
  expect(host.querySelector('input')?.value).toBe('Birds of Togo');
  await unmount();
});
