import { expect, test, vi } from 'vitest';
import { answer, mount, routed, settle } from '../../test-screens';
import { PastProject } from './past-project';

const LAST = 400;

/** As the server has it: tasks by id, after one, at most so many. */
const read = (query: URLSearchParams) => {
  const [after, limit] = [Number(query.get('after') ?? 0), Number(query.get('limit'))];
  const results = Array.from({ length: Math.min(limit, LAST - after) }, (_, index) => ({ id: after + index + 1, data: { text: 'words' }, annotations: [] }));
  return { results, next: results.length === limit ? after + limit : null };
};

const wordsOf = async (task: number) => {
  vi.stubGlobal('fetch', async (address: string) => {
    const { pathname, searchParams } = new URL(address);
    return answer(pathname.endsWith('/tasks/') ? read(searchParams) : { title: 'P', label_config: '', task_count: LAST, commit: { id: 'c', created_at: '2026-01-01T00:00:00Z' } });
  });
  const project = { id: 1, title: 'P', label_config: '', parsed_label_config: {} };
  await mount().show(routed(() => <PastProject project={project as never} at="labels@v1" />, `/projects/1/versions?at=labels%40v1&task=${task}`));
  const shown = () => document.querySelector('.past-task h2, .past-task h3')?.textContent;
  await settle(() => shown() !== undefined);
  return document.querySelector('.past-task')?.textContent;
};

test('the task that the address names is shown, though it is not on the first page of the list', async () => {
  expect(await wordsOf(LAST)).toContain('Task 400');
});

test('a task that was not there is said not to be, and no other is shown in its place', async () => {
  expect(await wordsOf(LAST + 1)).toContain('Task 401 was not here then');
});
