import type { TaskAnnotation, TaskResult, TaskRow } from '../../api/types';

/** What was said about a task, once: by a person, or predicted where nobody said anything yet. */
export interface Said {
  results: readonly TaskResult[];
  isPredicted: boolean;
}

/** What a small picture of a task shows: an annotation, else what was begun, else what was predicted. */
export function shownResults({ annotations = [], predictions = [], drafts = [] }: TaskRow): Said {
  const made = annotations.filter((each) => !each.was_cancelled).at(-1) ?? drafts.at(-1);
  if (made) return { results: made.result, isPredicted: false };
  return { results: predictions.at(-1)?.result ?? [], isPredicted: true };
}

/** The labels or choices of one result. */
export function labelsIn(result: TaskResult): string[] {
  const labels = result.value[result.type];
  return Array.isArray(labels) ? labels.filter((label) => typeof label === 'string') : [];
}

/** How often each label and choice stands in some results. */
export function tallyOf(results: readonly TaskResult[]): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const label of results.flatMap(labelsIn)) tally[label] = (tally[label] ?? 0) + 1;
  return tally;
}

export const authorOf = ({ completed_by: author }: TaskAnnotation): number | null => (author === null || typeof author === 'number' ? author : author.id);

export interface Outline {
  kind: 'box' | 'oval' | 'point' | 'line';
  /** In the picture's own pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  turn_deg: number;
  points: ReadonlyArray<readonly [number, number]>;
  label: string | undefined;
}

/** The shapes that can be drawn over a small picture; masks are left out. */
export const outlinesOf = (results: readonly TaskResult[], [width, height]: readonly [number, number]): Outline[] =>
  results.flatMap((result) => outlineOf(result, width / 100, height / 100) ?? []);

function outlineOf(result: TaskResult, sx: number, sy: number): Outline | undefined {
  const { x, y, width, height, radiusX, radiusY, rotation, points } = result.value as Record<string, number | undefined> & { points?: unknown };
  const label = labelsIn(result)[0];
  const outline = { x: (x ?? 0) * sx, y: (y ?? 0) * sy, width: (width ?? 0) * sx, height: (height ?? 0) * sy, turn_deg: rotation ?? 0, points: [], label };
  if (points !== undefined) {
    const pairs = pairsIn(points);
    return pairs.length === 0 ? undefined : { ...outline, kind: 'line', points: pairs.map(([px, py]) => [px * sx, py * sy]) };
  }
  if (x === undefined || y === undefined) return undefined;
  if (radiusX !== undefined) return { ...outline, kind: 'oval', width: radiusX * sx, height: (radiusY ?? radiusX) * sy };
  if (height !== undefined) return { ...outline, kind: 'box' };
  return width === undefined ? undefined : { ...outline, kind: 'point' };
}

/** The points that can be drawn: a file of a repo, or another program, may hold anything under that name. */
export const pairsIn = (points: unknown): Array<readonly [number, number]> =>
  (Array.isArray(points) ? points : []).filter((each): each is [number, number] => Array.isArray(each) && each.length >= 2 && Number.isFinite(each[0]) && Number.isFinite(each[1]));

/** How large the picture is on which the results were drawn, in its own pixels. */
export function sizeOf(results: readonly TaskResult[]): readonly [number, number] | undefined {
  const sized = results.find((result) => result.original_width && result.original_height);
  return sized ? [sized.original_width as number, sized.original_height as number] : undefined;
}

export interface Stretch {
  text: string;
  label?: string | undefined;
}

const LEAD = 40;

/** A text cut into stretches with and without a mark, beginning a little before the first mark. */
export function stretchesOf(text: string, results: readonly TaskResult[], most: number): Stretch[] {
  const letters = [...text]; // results count code points
  const spans = results
    .map((result) => ({ from: result.value['start'], to: result.value['end'], label: labelsIn(result)[0] }))
    .filter((span): span is { from: number; to: number; label: string | undefined } => typeof span.from === 'number' && typeof span.to === 'number')
    .sort((a, b) => a.from - b.from);
  let at = spans[0] && spans[0].from > most / 2 ? spans[0].from - LEAD : 0;
  const end = Math.min(letters.length, at + most);
  const cut: Stretch[] = at > 0 ? [{ text: '…' }] : [];
  for (const { from, to, label } of spans) {
    if (from < at || from >= end) continue;
    cut.push({ text: letters.slice(at, from).join('') }, { text: letters.slice(from, Math.min(to, end)).join(''), label: label ?? '' });
    at = Math.min(to, end);
  }
  cut.push({ text: letters.slice(at, end).join('') + (end < letters.length ? '…' : '') });
  return cut.filter((stretch) => stretch.text !== '');
}
