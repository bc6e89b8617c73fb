/**
 * Keys as text: modifiers in the order ctrl, alt, shift, then the key: "r", "ctrl+shift+z", "[", "arrowleft", "space".
 * Command on a Mac counts as ctrl. Shift is named only where the key itself does not show it (letters, named keys).
 */
export type Key = string;

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'space',
  spacebar: 'space',
  del: 'delete',
  esc: 'escape',
  return: 'enter',
  left: 'arrowleft',
  right: 'arrowright',
  up: 'arrowup',
  down: 'arrowdown',
  plus: '+',
  command: 'ctrl',
  cmd: 'ctrl',
  meta: 'ctrl',
  mod: 'ctrl',
  control: 'ctrl',
  option: 'alt',
};

const SHOWN: Readonly<Record<string, string>> = {
  arrowleft: '←',
  arrowright: '→',
  arrowup: '↑',
  arrowdown: '↓',
  escape: 'Esc',
  delete: 'Del',
};

const SILENT: ReadonlySet<string> = new Set(['Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'Dead', 'Process', 'Unidentified', '']);

/**
 * The key of a press, whatever the layout: letters by what they write, but by their place where the layout writes no
 * Latin letter there; the row of digits by place, for some layouts write digits only with Shift.
 * Null for a modifier alone and for what an input method is composing.
 */
export function keyOf(press: KeyPress): Key | null {
  if (SILENT.has(press.key)) return null;
  const base = baseOf(press);
  const isSymbol = base.length === 1 && !/[a-z0-9]/.test(base);
  const isTypedWithAltGraph = isSymbol && press.altKey && press.ctrlKey;
  const modifiers = [
    (press.ctrlKey || press.metaKey) && !isTypedWithAltGraph && 'ctrl',
    press.altKey && !isTypedWithAltGraph && 'alt',
    press.shiftKey && !isSymbol && !/^[0-9]$/.test(base) && 'shift',
  ];
  return [...modifiers.filter((name) => name !== false), base].join('+');
}

function baseOf({ key, code, altKey, shiftKey }: KeyPress): string {
  if (key.length > 1) return named(key.toLowerCase());
  const digit = /^Digit([0-9])$/.exec(code)?.[1];
  if (digit !== undefined && !shiftKey && !altKey) return digit;
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  const isLatin = /^[\x20-\x7e]$/.test(key);
  if (letter !== undefined && (!isLatin || (altKey && !/[a-z]/i.test(key)))) return letter.toLowerCase();
  if (!isLatin && code === 'BracketLeft') return '[';
  if (!isLatin && code === 'BracketRight') return ']';
  return named(key.toLowerCase());
}

/** A key as people and configs write it ("Ctrl + Z", "Esc") in the form above; null when it is none. */
export function normalKey(written: string): Key | null {
  const parts = written.trim() === '+' ? ['+'] : written.toLowerCase().split('+').map((part) => named(part.trim()));
  const base = parts.at(-1);
  const modifiers = new Set(parts.slice(0, -1));
  if (base === undefined || base === '' || ['ctrl', 'alt', 'shift'].includes(base)) return null;
  if ([...modifiers].some((name) => !['ctrl', 'alt', 'shift'].includes(name))) return null;
  if (base.length === 1 && !/[a-z]/.test(base)) modifiers.delete('shift');
  return [...['ctrl', 'alt', 'shift'].filter((name) => modifiers.has(name)), base].join('+');
}

/** A key as a tooltip shows it: "Ctrl Shift Z". */
export function showKey(key: Key): string {
  const parts = key === '+' ? ['+'] : key.split('+').map((part) => (part === '' ? '+' : part));
  return parts.map((part) => SHOWN[part] ?? part[0]!.toUpperCase() + part.slice(1)).join(' ');
}

function named(name: string): string {
  return Object.hasOwn(NAMES, name) ? NAMES[name]! : name;
}

const NOT_TYPED_IN = new Set(['button', 'checkbox', 'color', 'file', 'image', 'radio', 'range', 'reset', 'submit']);

/** Whether a press there writes text, so that no key may act. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !NOT_TYPED_IN.has(target.type);
  return target.isContentEditable || target.closest('textarea, select, [contenteditable=""], [contenteditable="true"]') !== null;
}

/** Whether the focused element acts on this key by itself: Enter and Space on a button, arrows on a slider. */
export function isOwnKey(target: EventTarget | null, key: Key): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === 'enter') return target.closest('button, a[href], summary, [role=button], [role=menuitem]') !== null;
  if (key === 'space') return target.closest('button, summary, input, [role=button], [role=menuitem]') !== null;
  return key.startsWith('arrow') && target.closest('input[type=radio], input[type=range], [role=slider], [role=menu]') !== null;
}
