import type { Answer, AnswerChange, Diff, LsResult, Region, RegionChange, RegionId } from '../types';
import { isEmptyDiff } from './diff';

export type Recording = 'record' | 'ignore';
export type Unsubscribe = () => void;
export type DiffListener = (diff: Diff, recording: Recording) => void;

/** What was read from one annotation, as `readResults` gives it. */
export interface Loaded {
  readonly regions: readonly Region[];
  readonly answers: readonly Answer[];
  /** Results that this editor cannot show: written back verbatim. */
  readonly passthrough: readonly LsResult[];
  /** All results in the order they stood in, so that they can be written in it again. */
  readonly order: readonly LsResult[];
}

/**
 * The regions and answers of one annotation. Every change is a diff; whoever draws, saves or indexes follows diffs.
 *
 * `all()` keeps the order of creation: a region that is removed and put back (by undo) returns to its old place.
 * A frame that changes one region costs what that region costs, whatever the number of regions.
 */
export class RecordStore {
  version = 0;
  passthrough: readonly LsResult[] = [];
  /** The results as loaded, in their order. */
  order: readonly LsResult[] = [];

  #regions = new Map<RegionId, Region>();
  readonly #answers = new Map<string, Answer>();
  #ordinals = new Map<RegionId, number>();
  #nextOrdinal = 0;
  #lastOrdinal = -1;
  #isSorted = true;
  #list: readonly Region[] | null = null;
  readonly #listeners = new Set<DiffListener>();
  readonly #listenersById = new Map<RegionId, Set<() => void>>();

  get(id: RegionId): Region | undefined {
    return this.#regions.get(id);
  }

  has(id: RegionId): boolean {
    return this.#regions.has(id);
  }

  get size(): number {
    return this.#regions.size;
  }

  /** All regions in the order of creation. The same array until something changes. */
  all(): readonly Region[] {
    if (!this.#isSorted) this.#sort();
    this.#list ??= [...this.#regions.values()];
    return this.#list;
  }

  /** Place of a region in the order of creation; grows with every new region, never used twice. */
  ordinal(id: RegionId): number {
    return this.#ordinals.get(id) ?? -1;
  }

  /** Whether the region was here since the last load and is not any more. */
  isRemoved(id: RegionId): boolean {
    return this.#ordinals.has(id) && !this.#regions.has(id);
  }

  answers(): ReadonlyMap<string, Answer> {
    return this.#answers;
  }

  /**
   * Applies a change and tells every listener. States named as "from" are replaced by the ones actually held,
   * so that the inverse of what listeners get always leads back.
   *
   * @throws Error when a region to add exists, or one to update or remove does not: a bug of the caller.
   */
  apply(diff: Diff, options: { history?: Recording } = {}): void {
    const exact = this.#exact(diff);
    if (isEmptyDiff(exact)) return;
    for (const region of exact.removed) this.#regions.delete(region.id);
    for (const region of exact.added) this.#insert(region);
    for (const [, to] of exact.updated) this.#regions.set(to.id, to);
    for (const [name, , to] of exact.answers ?? []) this.#putAnswer(name, to);
    this.#changed(exact, options.history ?? 'record');
  }

  /** Replaces everything by what was loaded; listeners get one diff that history does not record. */
  load(loaded: Loaded): void {
    const removed = this.all();
    const answers = this.#answerReplacement(loaded.answers);
    this.#regions = new Map();
    this.#ordinals = new Map();
    this.#nextOrdinal = 0;
    this.#lastOrdinal = -1;
    this.#isSorted = true;
    for (const region of loaded.regions) this.#insert(region);
    for (const [name, , to] of answers) this.#putAnswer(name, to);
    this.passthrough = loaded.passthrough;
    this.order = loaded.order;
    this.#changed({ added: loaded.regions, removed, updated: [], answers }, 'ignore');
  }

  /** Calls `listener` after every change. */
  subscribe(listener: DiffListener): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls `listener` after every change of one region, its coming and going included. */
  subscribeId(id: RegionId, listener: () => void): Unsubscribe {
    const listeners = this.#listenersById.get(id) ?? new Set();
    this.#listenersById.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listenersById.get(id) === listeners) this.#listenersById.delete(id);
    };
  }

  #exact(diff: Diff): Diff {
    const leaving = new Set(diff.removed.map((region) => region.id));
    for (const { id } of diff.added) {
      if (this.#regions.has(id) && !leaving.has(id)) throw new Error(`Region ${id} exists already.`);
    }
    const answers = diff.answers?.map(([name, , to]): AnswerChange => [name, this.#answers.get(name), to]);
    return {
      added: diff.added,
      removed: diff.removed.map((region) => this.#held(region.id)),
      updated: diff.updated.map(([, to]): RegionChange => [this.#held(to.id), to]).filter(([from, to]) => from !== to),
      ...(answers && { answers: answers.filter(([, from, to]) => from !== to) }),
    };
  }

  #held(id: RegionId): Region {
    const region = this.#regions.get(id);
    if (region === undefined) throw new Error(`There is no region ${id}.`);
    return region;
  }

  #insert(region: Region): void {
    const ordinal = this.#ordinals.get(region.id) ?? this.#nextOrdinal++;
    this.#ordinals.set(region.id, ordinal);
    if (ordinal < this.#lastOrdinal) this.#isSorted = false;
    else this.#lastOrdinal = ordinal;
    this.#regions.set(region.id, region);
  }

  #sort(): void {
    const byOrdinal = (a: Region, b: Region): number => this.ordinal(a.id) - this.ordinal(b.id);
    const sorted = [...this.#regions.values()].sort(byOrdinal);
    this.#regions = new Map(sorted.map((region) => [region.id, region]));
    this.#isSorted = true;
  }

  #putAnswer(name: string, answer: Answer | undefined): void {
    if (answer === undefined) this.#answers.delete(name);
    else this.#answers.set(name, answer);
  }

  #answerReplacement(next: readonly Answer[]): AnswerChange[] {
    const wanted = new Map(next.map((answer) => [answer.fromName, answer]));
    const names = new Set([...this.#answers.keys(), ...wanted.keys()]);
    return [...names].map((name) => [name, this.#answers.get(name), wanted.get(name)]);
  }

  #changed(diff: Diff, recording: Recording): void {
    this.version += 1;
    this.#list = null;
    for (const listener of [...this.#listeners]) listener(diff, recording);
    if (this.#listenersById.size === 0) return;
    for (const id of touchedIds(diff)) {
      for (const listener of [...(this.#listenersById.get(id) ?? [])]) listener();
    }
  }
}

function touchedIds(diff: Diff): Set<RegionId> {
  const ids = new Set<RegionId>();
  for (const { id } of diff.removed) ids.add(id);
  for (const { id } of diff.added) ids.add(id);
  for (const [, { id }] of diff.updated) ids.add(id);
  return ids;
}
