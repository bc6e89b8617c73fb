import type { ControlTag } from '../config/config';
import type { Unsubscribe } from '../store/record-store';
import { KEY_TABLE, type KeyedCommand } from './key-table';
import { assignLabelKeys, type LabelKeys, type LabelRef, type MovedHotkey } from './label-keys';
import { isOwnKey, isTyping, type Key, keyOf, type KeyPress, normalKey } from './keys';

export type Binding = { readonly kind: 'command'; readonly id: string } | { readonly kind: 'label'; readonly label: LabelRef };

/** Where a person's own keys are kept; localStorage is one. */
export interface KeyStorage {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
}

export type Remapped = { readonly ok: true } | { readonly ok: false; readonly heldBy: KeyedCommand | null };

const STORED_AS = 'treadle.keys';

/**
 * Which key does what on the label page: commands as the table or the person says, labels on what is left.
 * A key has one meaning; when a command takes the key of a label, the label moves and `moved` says so.
 */
export class KeyMap {
  readonly #controls: readonly ControlTag[];
  readonly #storage: KeyStorage | null;
  /** The person's own keys, by command. */
  #own: ReadonlyMap<string, readonly Key[]>;
  #commands: ReadonlyMap<Key, KeyedCommand> = new Map();
  #labels: LabelKeys = { byKey: new Map(), moved: [] };
  #keyByLabel: ReadonlyMap<string, Key> = new Map();
  readonly #listeners = new Set<() => void>();

  constructor(controls: readonly ControlTag[], storage: KeyStorage | null = null) {
    this.#controls = controls;
    this.#storage = storage;
    this.#own = readOwn(storage);
    this.#assign();
  }

  /** What a press means; null while one types, and where the focused element has the key for itself. */
  lookup(press: KeyPress & { readonly target: EventTarget | null }): Binding | null {
    const key = keyOf(press);
    if (key === null || isTyping(press.target) || isOwnKey(press.target, key)) return null;
    return this.bindingOf(key);
  }

  bindingOf(key: Key): Binding | null {
    const command = this.#commands.get(key);
    if (command !== undefined) return { kind: 'command', id: command.id };
    const label = this.#labels.byKey.get(key);
    return label === undefined ? null : { kind: 'label', label };
  }

  keysOf(commandId: string): readonly Key[] {
    return this.#own.get(commandId) ?? KEY_TABLE.find((command) => command.id === commandId)?.keys ?? [];
  }

  hotkeyOf(fromName: string, value: string): Key | undefined {
    return this.#keyByLabel.get(refKey({ fromName, value }));
  }

  /** Hotkeys of the config that had to give way: the page names them. */
  get moved(): readonly MovedHotkey[] {
    return this.#labels.moved;
  }

  /** Every command with its keys now, in the order of the table. */
  list(): readonly KeyedCommand[] {
    return KEY_TABLE.map((command) => ({ ...command, keys: this.keysOf(command.id) }));
  }

  /** Gives a command one key in place of those it had. Refused when another command has it, or it is no key. */
  remap(commandId: string, written: string): Remapped {
    const key = normalKey(written);
    if (key === null) return { ok: false, heldBy: null };
    const heldBy = this.#commands.get(key);
    if (heldBy !== undefined && heldBy.id !== commandId) return { ok: false, heldBy };
    this.#setOwn(new Map(this.#own).set(commandId, [key]));
    return { ok: true };
  }

  /** Gives one command, or all, the keys of the table again. What holds one of them now goes back too. */
  reset(commandId?: string): void {
    const own = new Map(commandId === undefined ? [] : this.#own);
    const freed = new Set(KEY_TABLE.find((command) => command.id === commandId)?.keys);
    for (const [id, keys] of own) {
      if (id === commandId || keys.some((key) => freed.has(key))) own.delete(id);
    }
    this.#setOwn(own);
  }

  subscribe(listener: () => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #setOwn(own: ReadonlyMap<string, readonly Key[]>): void {
    this.#own = own;
    writeOwn(this.#storage, own);
    this.#assign();
    for (const listener of [...this.#listeners]) listener();
  }

  /** The person's own keys first, then those of the table that are still free, then labels. */
  #assign(): void {
    const commands = new Map<Key, KeyedCommand>();
    for (const command of KEY_TABLE) {
      for (const key of this.#own.get(command.id) ?? []) if (!commands.has(key)) commands.set(key, command);
    }
    for (const command of KEY_TABLE) {
      if (this.#own.has(command.id)) continue;
      for (const key of command.keys) if (!commands.has(key)) commands.set(key, command);
    }
    this.#commands = commands;
    this.#labels = assignLabelKeys(this.#controls, (key) => commands.get(key)?.title ?? null);
    this.#keyByLabel = new Map([...this.#labels.byKey].map(([key, label]) => [refKey(label), key]));
  }
}

function refKey({ fromName, value }: LabelRef): string {
  return JSON.stringify([fromName, value]);
}

/** What was stored, as far as it makes sense: a damaged entry means the keys of the table. */
function readOwn(storage: KeyStorage | null): ReadonlyMap<string, readonly Key[]> {
  const own = new Map<string, readonly Key[]>();
  const stored: unknown = parseStored(storage);
  if (typeof stored !== 'object' || stored === null) return own;
  for (const { id } of KEY_TABLE) {
    const keys: unknown = (stored as Record<string, unknown>)[id];
    if (!Array.isArray(keys)) continue;
    own.set(id, keys.map((key) => normalKey(String(key))).filter((key) => key !== null));
  }
  return own;
}

function parseStored(storage: KeyStorage | null): unknown {
  try {
    return JSON.parse(storage?.getItem(STORED_AS) ?? 'null');
  } catch (fault) {
    if (fault instanceof SyntaxError || fault instanceof DOMException) return null; // damaged, or storage is forbidden
    throw fault;
  }
}

function writeOwn(storage: KeyStorage | null, own: ReadonlyMap<string, readonly Key[]>): void {
  try {
    storage?.setItem(STORED_AS, JSON.stringify(Object.fromEntries(own)));
  } catch (fault) {
    if (!(fault instanceof DOMException)) throw fault; // full or forbidden: the keys hold until the page closes
  }
}
