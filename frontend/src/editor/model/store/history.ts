import type { Diff, Region, RegionChange } from '../types';
import { invertDiff, MeltedDiff } from './diff';
import type { RecordStore, Unsubscribe } from './record-store';

export type MarkId = number;

interface Mark {
  readonly id: MarkId;
  readonly name: string;
  /** What happened since the mark, up to the next one. */
  readonly changes: MeltedDiff;
}

interface Undone {
  readonly name: string;
  readonly diff: Diff;
}

const MOST_MARKS = 1000;

/**
 * Undo and redo by marks. A mark stands before a step that a person would undo at once; whatever the store records
 * after it melts into that step. Marks with nothing after them cost nothing and are skipped.
 */
export class History {
  readonly #store: RecordStore;
  readonly #listeners = new Set<() => void>();
  #marks: Mark[] = [];
  #undone: Undone[] = [];
  #nextMark: MarkId = 1;

  constructor(store: RecordStore) {
    this.#store = store;
    store.subscribe((diff, recording) => {
      if (recording === 'record') this.#record(diff);
    });
  }

  get canUndo(): boolean {
    return this.undoName !== null;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Name of the step that undo would take back. */
  get undoName(): string | null {
    return this.#marks.findLast((mark) => !mark.changes.isEmpty)?.name ?? null;
  }

  get redoName(): string | null {
    return this.#undone.at(-1)?.name ?? null;
  }

  /** Begins a step. */
  mark(name: string): MarkId {
    this.#marks.push({ id: this.#nextMark, name, changes: new MeltedDiff() });
    if (this.#marks.length > MOST_MARKS) this.#marks.shift();
    return this.#nextMark++;
  }

  /** Takes back the last step. False when there is none. */
  undo(): boolean {
    const step = this.#popStep();
    if (step === null) return false;
    this.#undone.push(step);
    this.#replay(invertDiff(step.diff));
    return true;
  }

  /** Does the step again that was undone last. False when there is none. */
  redo(): boolean {
    const step = this.#undone.pop();
    if (step === undefined) return false;
    const changes = new MeltedDiff();
    changes.add(step.diff);
    this.#marks.push({ id: this.#nextMark++, name: step.name, changes });
    this.#replay(step.diff);
    return true;
  }

  /** Takes back everything since the mark, the mark itself too, with no redo: an act that was called off. */
  bailToMark(id: MarkId): void {
    const from = this.#indexOf(id);
    if (from < 0) return;
    const dropped = this.#marks.splice(from);
    for (const mark of dropped.reverse()) {
      if (!mark.changes.isEmpty) this.#replay(invertDiff(mark.changes.toDiff()));
    }
    this.#tell();
  }

  /** Makes everything since the mark one step. */
  squashToMark(id: MarkId): void {
    const from = this.#indexOf(id);
    if (from < 0) return;
    const [target, ...later] = this.#marks.splice(from) as [Mark, ...Mark[]];
    for (const mark of later) target.changes.add(mark.changes.toDiff());
    this.#marks.push(target);
    this.#tell();
  }

  clear(): void {
    this.#marks = [];
    this.#undone = [];
    this.#tell();
  }

  subscribe(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #record(diff: Diff): void {
    if (this.#marks.length === 0) this.mark('change');
    this.#marks.at(-1)!.changes.add(diff);
    this.#undone = [];
    this.#tell();
  }

  #popStep(): Undone | null {
    for (let mark = this.#marks.pop(); mark !== undefined; mark = this.#marks.pop()) {
      if (!mark.changes.isEmpty) return { name: mark.name, diff: mark.changes.toDiff() };
    }
    return null;
  }

  #replay(diff: Diff): void {
    const updated = diff.updated.map(([from, to]): RegionChange => [from, this.#asSeen(to)]);
    this.#store.apply({ ...diff, updated }, { history: 'ignore' });
    this.#tell();
  }

  /** Hiding and locking are no part of history: a region comes back as hidden or locked as it is now. */
  #asSeen(region: Region): Region {
    const now = this.#store.get(region.id);
    if (now === undefined || (now.hidden === region.hidden && now.locked === region.locked)) return region;
    return { ...region, hidden: now.hidden ?? false, locked: now.locked ?? false };
  }

  #indexOf(id: MarkId): number {
    return this.#marks.findIndex((mark) => mark.id === id);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
