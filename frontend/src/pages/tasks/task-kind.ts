import { isMedia, mediaAddress, thumbnailAddress } from '../../api/addresses';
import type { Project, TaskRow } from '../../api/types';
import { Palette } from '../../editor/model/config/palette';
import { t } from '../../i18n/words';

/** What a project's tasks mainly show, and under which key of their data. */
export interface Subject {
  kind: 'picture' | 'text' | 'other';
  key: string | undefined;
}

const KINDS: Record<string, Subject['kind']> = { image: 'picture', text: 'text', hypertext: 'text', paragraphs: 'text' };

export function subjectOf(project: Project): Subject {
  for (const control of Object.values(project.parsed_label_config ?? {})) {
    for (const { type, value } of control.inputs) {
      const kind = KINDS[type.toLowerCase()];
      if (kind && value) return { kind, key: value };
    }
  }
  const object = /<(Image|Text|HyperText|Paragraphs)\b[^>]*\bvalue="\$([^"]+)"/i.exec(project.label_config);
  return object ? { kind: KINDS[(object[1] as string).toLowerCase()] ?? 'other', key: object[2] } : { kind: 'other', key: undefined };
}

/** The picture to show for a task, as small as the server has it. */
export function pictureFor(task: TaskRow, { key }: Subject): string | undefined {
  const value = key === undefined ? undefined : task.data[key];
  if (typeof value !== 'string' || value === '') return undefined;
  return thumbnailAddress(value) ?? (isMedia(value) ? mediaAddress(value) : undefined);
}

/** The picture of a task as large as it is. */
export function mediaFor(task: TaskRow, { key }: Subject): string | undefined {
  const value = key === undefined ? undefined : task.data[key];
  return typeof value === 'string' && isMedia(value) ? mediaAddress(value) : undefined;
}

/** What a task's file was called when it was uploaded, or the end of its address. */
export function fileNameOf(task: Pick<TaskRow, 'data'>, { key }: Subject): string | undefined {
  const value = key === undefined ? undefined : task.data[key];
  if (typeof value !== 'string') return undefined;
  const name = value.split(/[?#]/, 1)[0]?.split('/').at(-1) ?? '';
  return decode(value.startsWith('/data/upload/') ? name.replace(/^[0-9a-f]{8}-/, '') : name) || undefined;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The words to show for a task: its text, or whatever its data says first. */
export function wordsFor(task: Pick<TaskRow, 'data'>, { key }: Subject): string {
  const value = key === undefined ? Object.values(task.data)[0] : task.data[key];
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** Every label and choice of a project, each once. */
export const labelsOf = (project: Project): string[] => [...new Set(Object.values(project.parsed_label_config ?? {}).flatMap((control) => control.labels))];

/** The colour of each label: the config's own, else the palette's in order. Choices have none. */
export function labelColours(project: Project): Map<string, string> {
  const colours = new Map<string, string>();
  const palette = new Palette();
  for (const control of Object.values(project.parsed_label_config ?? {})) {
    if (control.type.toLowerCase() === 'choices') continue;
    for (const label of control.labels) {
      if (!colours.has(label)) colours.set(label, palette.colour(label, control.labels_attrs[label]?.['background']));
    }
  }
  return colours;
}

export interface Status {
  text: string;
  /** What it means, where the words alone do not tell. */
  tip?: string;
  tone: '' | 'good' | 'warn' | 'accent';
}

/** Whether its file changed under its labels, or at all where it has none. A list says so; of a task alone its times do. */
function isChanged({ source_state: state, source_change: change, annotations = [] }: TaskRow): boolean {
  if (!change) return state === 'changed';
  const kept = annotations.filter((each) => !each.was_cancelled);
  return kept.length === 0 || kept.some((each) => Date.parse(each.updated_at) < Date.parse(change.at));
}

export function statusOf(task: TaskRow): Status {
  if (task.source_state === 'retired') return { text: t('Retired'), tone: '' };
  if (isChanged(task) && task.total_annotations > 0) return { text: t('Check again'), tip: t('Its file changed since it was labelled. Open it, check the labels, and update them.'), tone: 'warn' };
  if (isChanged(task)) return { text: t('File changed'), tip: t('Its file changed in the source.'), tone: 'warn' };
  if (task.is_labeled) return { text: t('Labelled'), tone: 'good' };
  if (task.total_annotations > 0 && task.overlap > 1) return { text: t('{done} of {due}', { done: task.total_annotations, due: task.overlap }), tone: 'accent' };
  if (task.draft_exists) return { text: t('Draft'), tone: 'warn' };
  if (task.cancelled_annotations > 0) return { text: t('Skipped'), tone: 'warn' };
  if (task.total_predictions > 0) return { text: t('Predicted'), tone: 'accent' };
  return { text: t('New@@of a task'), tone: '' };
}

/** Ids of those who annotated; the wire writes them as numbers or as objects. */
export const annotatorsOf = (task: TaskRow): number[] =>
  (task.annotators ?? []).map((each) => (typeof each === 'number' ? each : (each.user_id ?? each.id ?? 0)));
