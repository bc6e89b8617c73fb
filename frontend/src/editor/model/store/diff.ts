import type { Answer, Diff, Region, RegionId } from '../types';

/** A diff with nothing in it. */
export const EMPTY_DIFF: Diff = { added: [], removed: [], updated: [] };

export function isEmptyDiff(diff: Diff): boolean {
  return (
    diff.added.length === 0 &&
    diff.removed.length === 0 &&
    diff.updated.length === 0 &&
    (diff.answers === undefined || diff.answers.length === 0)
  );
}

/** The diff that takes back `diff`: applying both leaves every record as it was. */
export function invertDiff(diff: Diff): Diff {
  return {
    added: diff.removed,
    removed: diff.added,
    updated: diff.updated.map(([from, to]) => [to, from] as const),
    ...(diff.answers && { answers: diff.answers.map(([name, from, to]) => [name, to, from] as const) }),
  };
}

interface Step<T> {
  from: T | undefined;
  to: T | undefined;
}

/**
 * Diffs in the order they were applied, melted into one: for each record only the first state and the last.
 * Adding a diff costs what the diff holds, however much was melted before.
 */
export class MeltedDiff {
  readonly #regions = new Map<RegionId, Step<Region>>();
  readonly #answers = new Map<string, Step<Answer>>();

  add(diff: Diff): void {
    for (const region of diff.removed) melt(this.#regions, region.id, region, undefined);
    for (const region of diff.added) melt(this.#regions, region.id, undefined, region);
    for (const [from, to] of diff.updated) melt(this.#regions, to.id, from, to);
    for (const [name, from, to] of diff.answers ?? []) melt(this.#answers, name, from, to);
  }

  get isEmpty(): boolean {
    return this.#regions.size === 0 && this.#answers.size === 0;
  }

  toDiff(): Diff {
    const added: Region[] = [];
    const removed: Region[] = [];
    const updated: Array<[Region, Region]> = [];
    for (const { from, to } of this.#regions.values()) {
      if (from && to) updated.push([from, to]);
      else if (to) added.push(to);
      else if (from) removed.push(from);
    }
    const answers = [...this.#answers].map(([name, step]) => [name, step.from, step.to] as const);
    return { added, removed, updated, ...(answers.length > 0 && { answers }) };
  }
}

function melt<T>(steps: Map<string, Step<T>>, key: string, from: T | undefined, to: T | undefined): void {
  const known = steps.get(key);
  if (known === undefined) {
    if (from !== to) steps.set(key, { from, to });
    return;
  }
  known.to = to;
  if (known.from === to) steps.delete(key);
}
