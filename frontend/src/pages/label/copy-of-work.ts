/** A copy of work for the person to keep, when the server will not have it. */

import type { Entry } from './saving/work.ts';

export function copyText(entry: Pick<Entry, 'taskId' | 'result' | 'leadTimeS'>): string {
  return JSON.stringify({ task: entry.taskId, result: entry.result, lead_time: entry.leadTimeS }, null, 2);
}

export function downloadCopy(entry: Pick<Entry, 'taskId' | 'result' | 'leadTimeS'>): void {
  const url = URL.createObjectURL(new Blob([copyText(entry)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `task-${entry.taskId}.json`;
  link.click();
  URL.revokeObjectURL(url);
}
