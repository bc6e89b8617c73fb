import type { RegionId } from '../types';
import type { RecordStore, Unsubscribe } from './record-store';

/** Which regions are selected, and which one the pointer is over. Regions that leave the store leave the selection. */
export class Selection {
  #ids: ReadonlySet<RegionId> = new Set();
  #hovered: RegionId | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(store: RecordStore) {
    store.subscribe((diff) => {
      const gone = diff.removed.map((region) => region.id).filter((id) => !store.has(id));
      if (gone.length > 0) this.#forget(gone);
    });
  }

  /** The same set until the selection changes. */
  ids(): ReadonlySet<RegionId> {
    return this.#ids;
  }

  has(id: RegionId): boolean {
    return this.#ids.has(id);
  }

  /** The one selected region, or null when none or several are. */
  only(): RegionId | null {
    const [first] = this.#ids;
    return this.#ids.size === 1 && first !== undefined ? first : null;
  }

  set(ids: Iterable<RegionId>): void {
    const next = new Set(ids);
    if (next.size === this.#ids.size && [...next].every((id) => this.#ids.has(id))) return;
    this.#ids = next;
    this.#tell();
  }

  toggle(id: RegionId): void {
    const next = new Set(this.#ids);
    if (!next.delete(id)) next.add(id);
    this.set(next);
  }

  clear(): void {
    this.set([]);
  }

  get hovered(): RegionId | null {
    return this.#hovered;
  }

  setHovered(id: RegionId | null): void {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#tell();
  }

  subscribe(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #forget(ids: readonly RegionId[]): void {
    const next = new Set(this.#ids);
    for (const id of ids) next.delete(id);
    if (this.#hovered !== null && ids.includes(this.#hovered)) this.setHovered(null);
    this.set(next);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
