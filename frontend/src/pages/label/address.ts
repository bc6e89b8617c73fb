/** Where the page is: projects/{id}/label[?task=ID][&bench=1], below whatever prefix the server has. */

export interface LabelAddress {
  readonly projectId: number;
  readonly taskId: number | null;
  readonly bench: boolean;
}

export function readAddress(href: string): LabelAddress | null {
  const url = new URL(href);
  const projectId = /\/projects\/(\d+)\/label\/?$/.exec(url.pathname)?.[1] ?? url.searchParams.get('project');
  if (!projectId || !/^\d+$/.test(projectId)) return null;
  const task = url.searchParams.get('task');
  return {
    projectId: Number(projectId),
    taskId: task !== null && /^\d+$/.test(task) ? Number(task) : null,
    bench: url.searchParams.get('bench') === '1',
  };
}

/** The same address, naming another task, or none. */
export function addressOfTask(href: string, taskId: number | null): string {
  const url = new URL(href);
  if (taskId === null) url.searchParams.delete('task');
  else url.searchParams.set('task', String(taskId));
  return url.href;
}

/** Media of a task: '/data/…' and files of a source are the server's own and lie below its prefix; anything else stays. */
export function mediaAddress(value: string, base: string): string {
  return new URL(/^\/(data|api\/storages)\//.test(value) ? value.slice(1) : value, base).href;
}
