/** Where works and entries live: in IndexedDB, or in memory where the browser refuses it. */

import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Entry, NewEntry, Work } from './work.ts';

/** Every method is one transaction. Entries come in the order of their making. */
export interface WorkStore {
  /** False when nothing outlives the page. */
  readonly isLasting: boolean;
  work(key: string): Promise<Work | undefined>;
  works(userId: number): Promise<Work[]>;
  /** Reads, changes and writes at one go; undefined removes it. */
  changeWork(key: string, change: (work: Work | undefined) => Work | undefined): Promise<Work | undefined>;
  entries(userId: number): Promise<Entry[]>;
  /** Adds an entry, and takes away those of the same person that it makes needless. */
  addEntry(entry: NewEntry, isNeedless: (old: Entry) => boolean): Promise<Entry>;
  /** Adds an entry in the page's last moment, without waiting for anything. */
  addAtOnce(entry: NewEntry): void;
  /** Undefined removes it. An entry that is gone stays gone. */
  changeEntry(seq: number, change: (entry: Entry) => Entry | undefined): Promise<Entry | undefined>;
  /** Removes an entry and changes its work at one go. */
  settle(seq: number, workKey: string, change: (work: Work) => Work): Promise<void>;
  close(): void;
}

interface Schema extends DBSchema {
  works: { key: string; value: Work; indexes: { userId: number } };
  entries: { key: number; value: Entry; indexes: { userId: number } };
}

/** Rejects where the browser refuses IndexedDB (blocked storage, full disk). */
export async function openWorkStore(name: string): Promise<WorkStore> {
  const database = await openDB<Schema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('works', { keyPath: 'key' }).createIndex('userId', 'userId');
      db.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true }).createIndex('userId', 'userId');
    },
    blocking(_from, _to, event) {
      (event.target as IDBDatabase).close();
    },
  });
  return new IndexedWorkStore(database);
}

class IndexedWorkStore implements WorkStore {
  readonly isLasting = true;
  readonly #db: IDBPDatabase<Schema>;

  constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  work(key: string): Promise<Work | undefined> {
    return this.#db.get('works', key);
  }

  works(userId: number): Promise<Work[]> {
    return this.#db.getAllFromIndex('works', 'userId', userId);
  }

  async changeWork(key: string, change: (work: Work | undefined) => Work | undefined): Promise<Work | undefined> {
    const tx = this.#db.transaction('works', 'readwrite');
    const next = change(await tx.store.get(key));
    await (next ? tx.store.put(next) : tx.store.delete(key));
    await tx.done;
    return next;
  }

  entries(userId: number): Promise<Entry[]> {
    return this.#db.getAllFromIndex('entries', 'userId', userId);
  }

  async addEntry(entry: NewEntry, isNeedless: (old: Entry) => boolean): Promise<Entry> {
    const tx = this.#db.transaction('entries', 'readwrite');
    for (const old of await tx.store.index('userId').getAll(entry.userId)) {
      if (isNeedless(old)) await tx.store.delete(old.seq);
    }
    const seq = await tx.store.add(entry as Entry);
    await tx.done;
    return { ...entry, seq };
  }

  addAtOnce(entry: NewEntry): void {
    const tx = this.#db.transaction('entries', 'readwrite');
    void tx.store.add(entry as Entry).catch(() => undefined);
    tx.commit(); // else it is called off with the page
    void tx.done.catch(() => undefined);
  }

  async changeEntry(seq: number, change: (entry: Entry) => Entry | undefined): Promise<Entry | undefined> {
    const tx = this.#db.transaction('entries', 'readwrite');
    const old = await tx.store.get(seq);
    const next = old && change(old);
    if (next) await tx.store.put(next);
    else await tx.store.delete(seq);
    await tx.done;
    return next;
  }

  async settle(seq: number, workKey: string, change: (work: Work) => Work): Promise<void> {
    const tx = this.#db.transaction(['works', 'entries'], 'readwrite');
    await tx.objectStore('entries').delete(seq);
    const work = await tx.objectStore('works').get(workKey);
    if (work) await tx.objectStore('works').put(change(work));
    await tx.done;
  }

  close(): void {
    this.#db.close();
  }
}

/** The same, for as long as the page is open. */
export class MemoryWorkStore implements WorkStore {
  readonly isLasting = false;
  readonly #works = new Map<string, Work>();
  readonly #entries = new Map<number, Entry>();
  #lastSeq = 0;

  async work(key: string): Promise<Work | undefined> {
    return this.#works.get(key);
  }

  async works(userId: number): Promise<Work[]> {
    return [...this.#works.values()].filter((work) => work.userId === userId);
  }

  async changeWork(key: string, change: (work: Work | undefined) => Work | undefined): Promise<Work | undefined> {
    const next = change(this.#works.get(key));
    if (next) this.#works.set(key, next);
    else this.#works.delete(key);
    return next;
  }

  async entries(userId: number): Promise<Entry[]> {
    return [...this.#entries.values()].filter((entry) => entry.userId === userId);
  }

  addAtOnce(entry: NewEntry): void {
    const added = { ...entry, seq: ++this.#lastSeq };
    this.#entries.set(added.seq, added);
  }

  async addEntry(entry: NewEntry, isNeedless: (old: Entry) => boolean): Promise<Entry> {
    for (const old of this.#entries.values()) {
      if (old.userId === entry.userId && isNeedless(old)) this.#entries.delete(old.seq);
    }
    const added = { ...entry, seq: ++this.#lastSeq };
    this.#entries.set(added.seq, added);
    return added;
  }

  async changeEntry(seq: number, change: (entry: Entry) => Entry | undefined): Promise<Entry | undefined> {
    const old = this.#entries.get(seq);
    const next = old && change(old);
    if (next) this.#entries.set(seq, next);
    else this.#entries.delete(seq);
    return next;
  }

  async settle(seq: number, workKey: string, change: (work: Work) => Work): Promise<void> {
    this.#entries.delete(seq);
    const work = this.#works.get(workKey);
    if (work) this.#works.set(workKey, change(work));
  }

  close(): void {
    this.#works.clear();
    this.#entries.clear();
  }
}
