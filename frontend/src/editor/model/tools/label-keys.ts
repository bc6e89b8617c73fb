import type { ControlTag } from '../config/config';
import { BROWSER_KEYS, LABEL_KEYS } from './key-table';
import { type Key, normalKey } from './keys';

export interface LabelRef {
  readonly fromName: string;
  readonly value: string;
}

/** A hotkey of the config that its label could not have. */
export interface MovedHotkey extends LabelRef {
  readonly shown: string;
  /** As the config writes it. */
  readonly wanted: string;
  /** The key that the label has instead; null when none was left. */
  readonly got: Key | null;
  /** What holds the wanted key: the title of a command, or the other label; null when it is no key. */
  readonly heldBy: string | null;
}

export interface LabelKeys {
  readonly byKey: ReadonlyMap<Key, LabelRef>;
  readonly moved: readonly MovedHotkey[];
}

interface Wish extends LabelRef {
  readonly shown: string;
  readonly wanted: string | undefined;
}

/**
 * Gives each label and choice a key, in document order. Hotkeys of the config come first; one that a command holds
 * (`holderOf` names it), or an earlier label, is moved to the next free key and reported.
 */
export function assignLabelKeys(controls: readonly ControlTag[], holderOf: (key: Key) => string | null): LabelKeys {
  const wishes = wishesOf(controls);
  const byKey = new Map<Key, LabelRef & { shown: string }>();
  const holder = (key: Key): string | null => holderOf(key) ?? (BROWSER_KEYS.has(key) ? 'the browser' : null) ?? byKey.get(key)?.shown ?? null;
  const granted = new Set<Wish>();
  const refused = new Map<Wish, string | null>();
  for (const wish of wishes) {
    if (wish.wanted === undefined) continue;
    const key = normalKey(wish.wanted);
    const heldBy = key === null ? null : holder(key);
    if (key === null || heldBy !== null) {
      refused.set(wish, heldBy);
      continue;
    }
    byKey.set(key, wish);
    granted.add(wish);
  }
  const free = LABEL_KEYS.filter((key) => holder(key) === null);
  const moved: MovedHotkey[] = [];
  for (const wish of wishes) {
    if (granted.has(wish)) continue;
    const got = free.shift() ?? null;
    if (got !== null) byKey.set(got, wish);
    if (wish.wanted !== undefined) moved.push({ ...wish, wanted: wish.wanted, got, heldBy: refused.get(wish) ?? null });
  }
  return { byKey, moved };
}

function wishesOf(controls: readonly ControlTag[]): Wish[] {
  return controls.flatMap((control) =>
    control.labels.map(({ value, shown, hotkey }) => ({ fromName: control.name, value, shown, wanted: hotkey })),
  );
}
