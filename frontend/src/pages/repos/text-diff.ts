/** What differs between two texts, line by line. */

export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** The number of the line on each side, from 1; undefined where it is not there. */
  old?: number;
  new?: number;
}

/** A run of lines that are near a change; what lies between two runs is left out. */
export interface Hunk {
  lines: DiffLine[];
  /** How many equal lines are left out before it. */
  skipped: number;
}

const CONTEXT = 3;
/** Beyond this many cells of comparison the middle is shown as all removed, then all added. */
const MOST_CELLS = 4_000_000;

/** Every line of both texts, in the order of reading. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (at: number, offset: number): DiffLine => ({ kind: 'same', text: a[at] as string, old: at + 1, new: at + 1 + offset });
  return [
    ...a.slice(0, head).map((_, at) => same(at, 0)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head),
    ...a.slice(a.length - tail).map((_, at) => same(a.length - tail + at, b.length - a.length)),
  ];
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));

/** The longest common subsequence by the table; what a person reads is small. */
function middle(a: readonly string[], b: readonly string[], head: number): DiffLine[] {
  const removed = (at: number): DiffLine => ({ kind: 'removed', text: a[at] as string, old: head + at + 1 });
  const added = (at: number): DiffLine => ({ kind: 'added', text: b[at] as string, new: head + at + 1 });
  if (a.length * b.length > MOST_CELLS) return [...a.map((_, at) => removed(at)), ...b.map((_, at) => added(at))];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? (longest[(i + 1) * width + j + 1] as number) + 1 : Math.max(longest[(i + 1) * width + j] as number, longest[i * width + j + 1] as number);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) lines.push({ kind: 'same', text: a[i] as string, old: head + ++i, new: head + ++j });
    else if ((longest[(i + 1) * width + j] as number) >= (longest[i * width + j + 1] as number)) lines.push(removed(i++));
    else lines.push(added(j++));
  }
  while (i < a.length) lines.push(removed(i++));
  while (j < b.length) lines.push(added(j++));
  return lines;
}

/** The changes with a few lines around each. */
export function hunksOf(lines: readonly DiffLine[], context = CONTEXT): Hunk[] {
  const near = new Set<number>();
  lines.forEach((line, at) => {
    if (line.kind === 'same') return;
    for (let each = at - context; each <= at + context; each++) near.add(each);
  });
  const hunks: Hunk[] = [];
  let skipped = 0;
  let isOpen = false;
  lines.forEach((line, at) => {
    if (!near.has(at)) {
      skipped++;
      isOpen = false;
      return;
    }
    if (!isOpen) hunks.push({ lines: [], skipped });
    isOpen = true;
    skipped = 0;
    hunks.at(-1)?.lines.push(line);
  });
  return hunks;
}
