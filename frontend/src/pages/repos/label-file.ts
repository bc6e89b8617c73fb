import { isRecord } from '../../api/client';
import { isMedia, mediaAddress } from '../../api/addresses';
import type { TaskResult } from '../../api/types';
import { Palette } from '../../editor/model/config/palette';
import { labelsIn } from '../tasks/task-results';

/** What a file of a labels repo says: the task's data and what was drawn on it. */
export interface Labelled {
  task: number | undefined;
  data: Readonly<Record<string, unknown>>;
  results: readonly TaskResult[];
  /** When it was labelled, where that is known: its picture is shown as it was then. */
  at?: string | undefined;
}

/** Reads one annotation with its task, or one task with its annotations; nothing where a text is neither. */
export function labelledIn(text: string): Labelled | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  if (Array.isArray(parsed['result'])) return { task: idOf(parsed['task']), data: dataOf(parsed['task']), results: resultsIn(parsed['result']), at: timeIn(parsed) };
  if (!Array.isArray(parsed['annotations'])) return undefined;
  const results = parsed['annotations'].flatMap((each) => (isRecord(each) && Array.isArray(each['result']) && each['was_cancelled'] !== true ? resultsIn(each['result']) : []));
  return { task: idOf(parsed['id']), data: dataOf(parsed), results, at: parsed['annotations'].map(timeIn).sort().at(-1) };
}

const timeIn = (annotation: unknown): string | undefined => (isRecord(annotation) && typeof annotation['updated_at'] === 'string' ? annotation['updated_at'] : undefined);

const idOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : isRecord(value) && typeof value['id'] === 'number' ? value['id'] : undefined);
const dataOf = (task: unknown): Record<string, unknown> => (isRecord(task) && isRecord(task['data']) ? task['data'] : {});
const resultsIn = (result: readonly unknown[]): TaskResult[] => result.filter((each): each is TaskResult => isRecord(each) && isRecord(each['value']) && typeof each['type'] === 'string');

const IS_PICTURE = /\.(jpe?g|png|gif|bmp|webp|avif|svg)(?:[?#]|$)/i;

/** Files of sources: those of repos are kept as they were. */
const SOURCE_FILES = '/api/storages/items/';

/** The address of the picture that a task shows (at a time, of a repo's file), where its data names one that a browser can ask for. */
export function pictureOfData(data: Readonly<Record<string, unknown>>, at?: string): string | undefined {
  const values = Object.entries(data).filter((pair): pair is [string, string] => typeof pair[1] === 'string' && isMedia(pair[1]));
  const found = values.find(([key, value]) => /image|picture|photo/i.test(key) || IS_PICTURE.test(value));
  if (!found) return undefined;
  return at && found[1].startsWith(SOURCE_FILES) ? `${mediaAddress(found[1])}?at=${encodeURIComponent(at)}` : mediaAddress(found[1]);
}

/** The longest words of a task, for those that show no picture. */
export function wordsOfData(data: Readonly<Record<string, unknown>>): string {
  const texts = Object.values(data).filter((value): value is string => typeof value === 'string');
  return texts.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** A colour for each label, the same on both sides of a comparison. */
export function coloursOf(...sides: ReadonlyArray<readonly TaskResult[]>): Map<string, string> {
  const palette = new Palette();
  const labels = [...new Set(sides.flat().flatMap(labelsIn))].sort();
  return new Map(labels.map((label) => [label, palette.colour(label, undefined)]));
}

export interface RegionChanges {
  added: number;
  removed: number;
  changed: number;
}

/** How the regions of two versions differ, told apart by their ids. */
export function regionChanges(before: readonly TaskResult[], after: readonly TaskResult[]): RegionChanges {
  const keyed = (results: readonly TaskResult[]) => new Map(results.map((each, at) => [`${each.id ?? at} ${each.from_name ?? ''}`, JSON.stringify([each.type, each.value])]));
  const [a, b] = [keyed(before), keyed(after)];
  const both = [...b.keys()].filter((key) => a.has(key));
  return { added: b.size - both.length, removed: a.size - both.length, changed: both.filter((key) => a.get(key) !== b.get(key)).length };
}

/** "2 regions added, 1 changed": nothing where they are the same. */
export function sentenceOfRegions({ added, removed, changed }: RegionChanges): string {
  const parts = ([[added, 'added'], [removed, 'removed'], [changed, 'changed']] as const).filter(([n]) => n > 0);
  return parts.map(([n, what], at) => (at === 0 ? `${n} ${n === 1 ? 'region' : 'regions'} ${what}` : `${n} ${what}`)).join(', ');
}
