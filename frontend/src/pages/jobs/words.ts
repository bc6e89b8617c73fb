import type { Job } from '../../api/types';
import { plural, t } from '../../i18n/words';
import type { Tone } from '../../ui/parts';
import { bytes } from '../../ui/format';

const KINDS: Record<string, string> = {
  import: t('Import'), 'import-predictions': t('Import of predictions'), export: t('Export'), snapshot: t('Snapshot'), delete: t('Deletion'), restore: t('Restore'),
  'accept-predictions': t('Predictions made annotations'), assign: t('Assignment of tasks'), 'index-field': t('Index of a data field'), 'drop-field-index': t('Removal of an index'),
  overlap: t('New number of people per task'), duplicate: t('Copy of a project'),
  'storage-sync': t('Sync of a source'), 'target-sync': t('Sync of a target'), 'commit-labels': t('Commit of labels'), 'export-as-of': t('Export of a version'), 'repo-gc': t('Space freed in a repo'), 'repo-fsck': t('Check of a repo'), 'tracking-purge': t('Deleted runs freed'),
  prelabel: t('Predictions of a model'), training: t('Training of a model'), 'order-queue': t('Order of the queue'),
};

/** What a job does, for its row. */
export function nameOfKind(kind: string): string {
  const words = kind.replace(/[-_.]+/g, ' ');
  return KINDS[kind] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** Where a job stands, as a person would say it. */
export function stateOf(job: Pick<Job, 'state' | 'cancel_requested'>): { word: string; tone: Tone } {
  if (job.cancel_requested && (job.state === 'queued' || job.state === 'running')) return { word: t('Stopping'), tone: 'warn' };
  return ({
    queued: { word: t('Waiting'), tone: '' }, running: { word: t('Running'), tone: 'accent' }, done: { word: t('Done'), tone: 'good' },
    failed: { word: t('Failed'), tone: 'bad' }, cancelled: { word: t('Stopped'), tone: '' },
  } as const)[job.state];
}

/** How long a job took or has been at it: "4 s", "12 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return t('under 1 s');
  if (seconds < 90) return t('{n} s@@seconds', { n: Math.round(seconds) });
  return seconds < 5400 ? t('{n} min@@minutes', { n: Math.round(seconds / 60) }) : t('{n} h@@hours', { n: (seconds / 3600).toFixed(1) });
}

/** What a finished import, export, deletion or restore says of itself, or nothing where the result names no count. */
export function sentenceOfResult(result: Readonly<Record<string, unknown>>): string {
  const items = (n: number) => plural(n, '{n} item', '{n} items');
  const counts: Array<[key: string, words: (n: number) => string]> = [
    ['task_count', (n) => plural(n, '{n} task', '{n} tasks')], ['annotation_count', (n) => plural(n, '{n} annotation', '{n} annotations')], ['prediction_count', (n) => plural(n, '{n} prediction', '{n} predictions')],
    ['processed_items', items], ['item_count', items], ['count', items],
  ];
  return [...ofStorage(result), ...counts.flatMap(([key, words]) => (typeof result[key] === 'number' && (result[key] > 0 || key === 'task_count') ? [words(result[key])] : []))].join(', ');
}

/** What a sync found, what a commit of labels holds, what the upkeep of a repo did. */
function ofStorage(result: Readonly<Record<string, unknown>>): string[] {
  const number = (key: string): number | undefined => (typeof result[key] === 'number' ? result[key] : undefined);
  const [tasks, problems, freed] = [number('tasks'), number('problem_count'), number('bytes_freed')];
  const [runs, size] = [number('runs'), number('size_bytes')]; // of a purge
  return [
    ...ofSync(number('new'), number('changed'), number('retired')),
    ...(tasks === undefined ? [] : [plural(tasks, '{n} task', '{n} tasks')]),
    ...(problems === undefined ? [] : [problems === 0 ? t('every file is whole') : plural(problems, '{n} damaged thing', '{n} damaged things')]),
    ...(freed === undefined ? [] : [t('{size} freed', { size: bytes(freed) })]),
    ...(runs === undefined || size === undefined ? [] : [plural(runs, '{n} run and {size} freed', '{n} runs and {size} freed', { size: bytes(size) })]),
  ];
}

/** Kinds that stay as far as they came when they are stopped or fail; all others undo what they did. */
const STAYING = new Set(['accept-predictions', 'assign', 'overlap', 'drop-field-index', 'storage-sync', 'target-sync', 'repo-gc', 'repo-fsck', 'tracking-purge', 'prelabel', 'training', 'order-queue']);

/** What is left of a job that did not come to its end. */
export const whatIsLeft = (kind: string): string => (STAYING.has(kind) ? t('What it had done by then stays.') : t('What it had done is undone.'));

function ofSync(fresh?: number, changed?: number, retired?: number): string[] {
  if (fresh === undefined || changed === undefined || retired === undefined) return [];
  const found = [fresh > 0 && plural(fresh, '{n} new', '{n} new'), changed > 0 && plural(changed, '{n} changed', '{n} changed'), retired > 0 && plural(retired, '{n} retired', '{n} retired')].filter((each) => each !== false);
  return found.length === 0 ? [t('nothing changed')] : found;
}
