import type { Diff, Region, RegionId } from '../types';

/**
 * Which spans of one text lie where. Sorted by start, with the furthest end so far beside it, so that a question looks
 * only at spans that may reach. Built again at the first question after a change.
 */
export class IntervalIndex {
  readonly #regions = new Map<RegionId, Region>();
  readonly #toName: string;
  #sorted: readonly Region[] | null = null;
  #furthest: readonly number[] = [];

  constructor(toName: string, regions: Iterable<Region> = []) {
    this.#toName = toName;
    for (const region of regions) this.#put(region);
  }

  update(diff: Diff): void {
    for (const { id } of diff.removed) this.#regions.delete(id);
    for (const region of diff.added) this.#put(region);
    for (const [, region] of diff.updated) this.#put(region);
    this.#sorted = null;
  }

  /** Spans that share a character with [start, end), by start. An empty range asks for what lies around it. */
  query(start: number, end: number): Region[] {
    this.#sorted ??= this.#sort();
    const last = Math.max(end, start + 1);
    const found: Region[] = [];
    for (let i = firstReaching(this.#furthest, start); i < this.#sorted.length; i++) {
      const region = this.#sorted[i]!;
      if (startOf(region) >= last) break;
      if (endOf(region) > start) found.push(region);
    }
    return found;
  }

  /** Spans around the character at an offset, the shortest first. */
  at(offset: number): Region[] {
    return this.query(offset, offset + 1).sort((a, b) => endOf(a) - startOf(a) - (endOf(b) - startOf(b)));
  }

  #put(region: Region): void {
    if (region.toName === this.#toName && region.shape.kind === 'span') this.#regions.set(region.id, region);
  }

  #sort(): readonly Region[] {
    const sorted = [...this.#regions.values()].sort((a, b) => startOf(a) - startOf(b) || endOf(b) - endOf(a));
    let furthest = -1;
    this.#furthest = sorted.map((region) => (furthest = Math.max(furthest, endOf(region))));
    return sorted;
  }
}

function startOf({ shape }: Region): number {
  return shape.kind === 'span' ? shape.start : 0;
}

function endOf({ shape }: Region): number {
  return shape.kind === 'span' ? shape.end : 0;
}

/** Index of the first item whose furthest end lies beyond `start`. */
function firstReaching(furthest: readonly number[], start: number): number {
  let low = 0;
  let high = furthest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (furthest[middle]! <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}
