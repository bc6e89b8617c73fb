/** Spans as a tree, and which of its rows are in sight. Plain data: ten thousand spans, or a chain as deep, are no trouble. */

import type { Span } from './spans';

export interface TreeRow {
  span: Span;
  depth: number;
  /** The row above it in the tree; -1 for those at the top. */
  parent: number;
  /** Rows below it, all of them: they follow at once. */
  below: number;
  /** Its place among its siblings, from 1, and how many they are. */
  place: number;
  siblings: number;
  /** Errors in itself and below. */
  errors: number;
}

export interface SpanTree {
  /** Each span once, parents before children, siblings in the order they began. */
  rows: readonly TreeRow[];
  start_ns: number;
  end_ns: number;
  /** Spans whose parent is not there. */
  orphans: number;
  unended: number;
}

export function buildTree(spans: readonly Span[]): SpanTree {
  const ids = new Set(spans.map(({ id }) => id));
  const inOrder = [...spans].sort((a, b) => a.start_ns - b.start_ns);
  const children = new Map<string | undefined, Span[]>();
  let orphans = 0;
  for (const span of inOrder) {
    const isOrphan = span.parent !== undefined && !ids.has(span.parent);
    if (isOrphan) orphans += 1;
    const under = isOrphan ? undefined : span.parent;
    const others = children.get(under);
    if (others) others.push(span);
    else children.set(under, [span]);
  }
  const rows = inRows(inOrder, children);
  const ends = spans.flatMap(({ start_ns, end_ns }) => [start_ns, end_ns ?? start_ns]);
  return {
    rows, orphans, unended: spans.filter(({ end_ns }) => end_ns === undefined).length,
    start_ns: inOrder[0]?.start_ns ?? 0, end_ns: ends.reduce((last, end) => Math.max(last, end), 0),
  };
}

function inRows(inOrder: readonly Span[], children: ReadonlyMap<string | undefined, Span[]>): TreeRow[] {
  const rows: TreeRow[] = [];
  const placed = new Set<string>();
  const walk = (tops: readonly Span[]) => {
    const due = siblingsOf(tops, 0, -1);
    for (let next = due.pop(); next; next = due.pop()) {
      if (placed.has(next.span.id)) continue;
      placed.add(next.span.id);
      const at = rows.push({ ...next, below: 0, errors: next.span.status === 'ERROR' ? 1 : 0 }) - 1;
      for (const child of siblingsOf(children.get(next.span.id) ?? [], next.depth + 1, at)) due.push(child);
    }
  };
  walk(children.get(undefined) ?? []);
  for (const span of inOrder) if (!placed.has(span.id)) walk([span]); // they name each other as parents
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const row = rows[at] as TreeRow;
    const parent = rows[row.parent];
    if (!parent) continue;
    parent.below += row.below + 1;
    parent.errors += row.errors;
  }
  return rows;
}

/** Last first, since what is due is taken from the end. */
const siblingsOf = (spans: readonly Span[], depth: number, parent: number) =>
  spans.map((span, index) => ({ span, depth, parent, place: index + 1, siblings: spans.length })).reverse();

/** The rows in sight, as places in `rows`: none below a closed one; with `wanted`, only rows that are and those over them. */
export function rowsInSight({ rows }: SpanTree, closed: ReadonlySet<string>, wanted?: (span: Span) => boolean): number[] {
  const kept = wanted && keptFor(rows, wanted);
  const found: number[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as TreeRow;
    if (kept && !kept[at]) continue;
    found.push(at);
    if (closed.has(row.span.id) && !kept) at += row.below;
  }
  return found;
}

function keptFor(rows: readonly TreeRow[], wanted: (span: Span) => boolean): Uint8Array {
  const kept = new Uint8Array(rows.length);
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const row = rows[at] as TreeRow;
    if (kept[at] || wanted(row.span)) {
      kept[at] = 1;
      if (row.parent >= 0) kept[row.parent] = 1;
    }
  }
  return kept;
}

/** Ids of all that is over a row, so that opening them brings it into sight. */
export function over({ rows }: SpanTree, at: number): string[] {
  const ids: string[] = [];
  for (let parent = rows[at]?.parent ?? -1; parent >= 0; parent = (rows[parent] as TreeRow).parent) ids.push((rows[parent] as TreeRow).span.id);
  return ids;
}

/** Where a bar begins and how long it is, both from 0 to 1 of the whole trace. One that has not ended reaches to its end. */
export function barOf({ start_ns, end_ns }: Span, tree: Pick<SpanTree, 'start_ns' | 'end_ns'>): readonly [from: number, length: number] {
  const whole = tree.end_ns - tree.start_ns;
  if (whole <= 0) return [0, 1];
  const from = (start_ns - tree.start_ns) / whole;
  return [from, Math.max(0, Math.min(1 - from, ((end_ns ?? tree.end_ns) - start_ns) / whole))];
}

const STEPS: ReadonlyArray<readonly [ns: number, unit: string]> = [[60e9, 'min'], [1e9, 's'], [1e6, 'ms'], [1e3, 'µs']];

/** "840 µs", "12.4 ms", "3.08 s", "2 min 5 s". */
export function spanTime(ns: number | undefined): string {
  if (ns === undefined) return '–';
  if (ns >= 60e9) return `${Math.floor(ns / 60e9)} min ${Math.round((ns % 60e9) / 1e9)} s`;
  const [size, unit] = STEPS.find(([least]) => ns >= least) ?? [1e3, 'µs'];
  const value = ns / size;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}

const NICE = [1, 2, 5];

/** Moments for the ruler over the bars, ns from the start of the trace, at most `most` steps. */
export function ticksOf(whole_ns: number, most: number): number[] {
  if (whole_ns <= 0 || most < 1) return [0];
  const least = whole_ns / most;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = (NICE.find((each) => each * power >= least) ?? 10) * power;
  return Array.from({ length: Math.floor(whole_ns / step) + 1 }, (_, index) => index * step);
}
