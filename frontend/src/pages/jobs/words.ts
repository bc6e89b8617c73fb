import type { Job } from '../../api/types';
import type { Tone } from '../../ui/parts';
import { bytes, count, counted } from '../../ui/format';

const KINDS: Record<string, string> = {
  import: 'Import', 'import-predictions': 'Import of predictions', export: 'Export', snapshot: 'Snapshot', delete: 'Deletion', restore: 'Restore',
  'accept-predictions': 'Predictions made annotations', assign: 'Assignment of tasks', 'index-field': 'Index of a data field', 'drop-field-index': 'Removal of an index',
  overlap: 'New number of people per task', duplicate: 'Copy of a project',
  'storage-sync': 'Sync of a source', 'target-sync': 'Sync of a target', 'commit-labels': 'Commit of labels', 'export-as-of': 'Export of a version', 'repo-gc': 'Space freed in a repo', 'repo-fsck': 'Check of a repo', 'tracking-purge': 'Deleted runs freed',
  prelabel: 'Predictions of a model', training: 'Training of a model', 'order-queue': 'Order of the queue',
};

/** What a job does, for its row. */
export function nameOfKind(kind: string): string {
  const words = kind.replace(/[-_.]+/g, ' ');
  return KINDS[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Where a job stands, as a person would say it. */
export function stateOf(job: Pick<Job, 'state' | 'cancel_requested'>): { word: string; tone: Tone } {
  if (job.cancel_requested && (job.state === 'queued' || job.state === 'running')) return { word: 'Stopping', tone: 'warn' };
  return ({
    queued: { word: 'Waiting', tone: '' }, running: { word: 'Running', tone: 'accent' }, done: { word: 'Done', tone: 'good' },
    failed: { word: 'Failed', tone: 'bad' }, cancelled: { word: 'Stopped', tone: '' },
  } as const)[job.state];
}

/** How long a job took or has been at it: "4 s", "12 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return 'under 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** What a finished import, export, deletion or restore says of itself, or nothing where the result names no count. */
export function sentenceOfResult(result: Readonly<Record<string, unknown>>): string {
  const counts: Array<[key: string, one: string]> = [['task_count', 'task'], ['annotation_count', 'annotation'], ['prediction_count', 'prediction'], ['processed_items', 'item'], ['item_count', 'item'], ['count', 'item']];
  return [...ofStorage(result), ...counts.flatMap(([key, one]) => (typeof result[key] === 'number' && (result[key] > 0 || key === 'task_count') ? [counted(result[key], one)] : []))].join(', ');
}

/** What a sync found, what a commit of labels holds, what the upkeep of a repo did. */
function ofStorage(result: Readonly<Record<string, unknown>>): string[] {
  const number = (key: string): number | undefined => (typeof result[key] === 'number' ? result[key] : undefined);
  const [tasks, problems, freed] = [number('tasks'), number('problem_count'), number('bytes_freed')];
  const [runs, size] = [number('runs'), number('size_bytes')]; // of a purge
  return [
    ...ofSync(number('new'), number('changed'), number('retired')),
    ...(tasks === undefined ? [] : [counted(tasks, 'task')]),
    ...(problems === undefined ? [] : [problems === 0 ? 'every file is whole' : counted(problems, 'damaged thing')]),
    ...(freed === undefined ? [] : [`${bytes(freed)} freed`]),
    ...(runs === undefined || size === undefined ? [] : [`${counted(runs, 'run')} and ${bytes(size)} freed`]),
  ];
}

/** Kinds that stay as far as they came when they are stopped or fail; all others undo what they did. */
const STAYING = new Set(['accept-predictions', 'assign', 'overlap', 'drop-field-index', 'storage-sync', 'target-sync', 'repo-gc', 'repo-fsck', 'tracking-purge', 'prelabel', 'training', 'order-queue']);

/** What is left of a job that did not come to its end. */
export const whatIsLeft = (kind: string): string => (STAYING.has(kind) ? 'What it had done by then stays.' : 'What it had done is undone.');

function ofSync(fresh?: number, changed?: number, retired?: number): string[] {
  if (fresh === undefined || changed === undefined || retired === undefined) return [];
  const found = ([[fresh, 'new'], [changed, 'changed'], [retired, 'retired']] as const).filter(([n]) => n > 0);
  return found.length === 0 ? ['nothing changed'] : found.map(([n, what]) => `${count(n)} ${what}`);
}
