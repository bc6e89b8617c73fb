import { beforeEach, describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import { parseConfig } from '../config/parse';
import { KEY_TABLE } from './key-table';
import { KeyMap } from './keymap';
import { keyOf, type KeyPress, normalKey, showKey } from './keys';

function press(key: string, code = '', held: Partial<KeyPress> = {}): KeyPress {
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

function controls(...hotkeys: Array<string | null>): ReturnType<typeof parseConfig>['controls'] {
  const labels = hotkeys.map((key, i) => `<Label value="L${i}"${key === null ? '' : ` hotkey="${key}"`}/>`).join('');
  return parseConfig(`<View><Image name="i" value="$i"/><RectangleLabels name="b" toName="i">${labels}</RectangleLabels></View>`).controls;
}

describe('the key of a press', () => {
  it.each<[string, KeyPress, string | null]>([
    ['a letter', press('r', 'KeyR'), 'r'],
    ['a letter with Caps Lock', press('R', 'KeyR'), 'r'],
    ['undo', press('z', 'KeyZ', { ctrlKey: true }), 'ctrl+z'],
    ['redo on a Mac', press('Z', 'KeyZ', { metaKey: true, shiftKey: true }), 'ctrl+shift+z'],
    ['V on a Russian layout', press('м', 'KeyV'), 'v'],
    ['Z on a German layout', press('z', 'KeyY'), 'z'],
    ['1 on a French layout', press('&', 'Digit1'), '1'],
    ['1 on a French layout with Shift', press('1', 'Digit1', { shiftKey: true }), '1'],
    ['1 on the number pad', press('1', 'Numpad1'), '1'],
    ['[ on a German layout', press('[', 'Digit8', { ctrlKey: true, altKey: true }), '['],
    ['the place of [ on a Russian layout', press('х', 'BracketLeft'), '['],
    ['?', press('?', 'Slash', { shiftKey: true }), '?'],
    ['the space bar', press(' ', 'Space'), 'space'],
    ['an arrow with Shift', press('ArrowLeft', 'ArrowLeft', { shiftKey: true }), 'shift+arrowleft'],
    ['Alt and a letter on a Mac', press('å', 'KeyA', { altKey: true }), 'alt+a'],
    ['Shift alone', press('Shift', 'ShiftLeft', { shiftKey: true }), null],
    ['a dead key', press('Dead', 'Backquote'), null],
  ])('%s', (_, given, key) => {
    expect(keyOf(given)).toBe(key);
  });

  it('is written by people in many ways', () => {
    expect(['Ctrl + Shift+Z', 'cmd+k', 'Esc', '+', 'shift+?', 'q', ''].map(normalKey)).toEqual(['ctrl+shift+z', 'ctrl+k', 'escape', '+', '?', 'q', null]);
    expect(['ctrl+shift+z', 'arrowleft', '+', 'r'].map(showKey)).toEqual(['Ctrl Shift Z', '←', '+', 'R']);
  });
});

describe('label keys', () => {
  it('are given in order and pass over keys of the tools', () => {
    const map = new KeyMap(controls(...Array.from({ length: 16 }, () => null)));
    const keys = Array.from({ length: 16 }, (_, i) => map.hotkeyOf('b', `L${i}`));
    expect(keys).toEqual([...'1234567890qwetdf']);
    expect(map.moved).toEqual([]);
  });

  it('of the config that are taken move on, and are reported with who has them', () => {
    const map = new KeyMap(controls('r', '1', '1', 'x', 'Ctrl+Z', 'ctrl+s'));
    expect([0, 1, 2, 3, 4, 5].map((i) => map.hotkeyOf('b', `L${i}`))).toEqual(['2', '1', '3', 'x', '4', '5']);
    expect(map.moved.map(({ shown, wanted, got, heldBy }) => [shown, wanted, got, heldBy])).toEqual([
      ['L0', 'r', '2', 'Draw rectangles'],
      ['L2', '1', '3', 'L1'],
      ['L4', 'Ctrl+Z', '4', 'Undo'],
      ['L5', 'ctrl+s', '5', 'the browser'],
    ]);
  });

  it('never have a key of a command, whatever the config and the person ask for', () => {
    const anyKey = fc.constantFrom(...KEY_TABLE.flatMap(({ keys }) => keys), '1', '2', 'q', 'x', 'alt+x', 'nonsense+', 'F2');
    const remaps = fc.array(fc.tuple(fc.constantFrom(...KEY_TABLE.map(({ id }) => id)), anyKey), { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.option(anyKey), { maxLength: 40 }), remaps, (wishes, changes) => {
        const map = new KeyMap(controls(...wishes));
        for (const [id, key] of changes) map.remap(id, key);
        const commandKeys = new Set(map.list().flatMap(({ keys }) => keys));
        const labelKeys = wishes.map((_, i) => map.hotkeyOf('b', `L${i}`)).filter((key) => key !== undefined);
        expect(labelKeys.filter((key) => commandKeys.has(key))).toEqual([]);
        expect(new Set(labelKeys).size).toBe(labelKeys.length);
        for (const key of labelKeys) expect(map.bindingOf(key)?.kind).toBe('label');
      }),
    );
  });

  it('give way when a person takes them for a command', () => {
    const map = new KeyMap(controls(null, null));
    expect(map.remap('tool.rectangle', '1')).toEqual({ ok: true });
    expect(map.bindingOf('1')).toEqual({ kind: 'command', id: 'tool.rectangle' });
    expect(map.hotkeyOf('b', 'L0')).toBe('2');
    expect(map.bindingOf('r')).toBeNull();
  });
});

it('every key of the table means one command and is in normal form', () => {
  const keys = KEY_TABLE.flatMap((command) => command.keys);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.map(normalKey)).toEqual(keys);
});

describe('own keys', () => {
  beforeEach(() => localStorage.clear());

  it('are remembered', () => {
    new KeyMap([], localStorage).remap('task.submit', 'Shift+Enter');
    expect(new KeyMap([], localStorage).keysOf('task.submit')).toEqual(['shift+enter']);
  });

  it('are refused where another command has the key', () => {
    const map = new KeyMap([], localStorage);
    expect(map.remap('tool.select', 'r')).toMatchObject({ ok: false, heldBy: { id: 'tool.rectangle' } });
    expect(map.keysOf('tool.select')).toEqual(['v']);
  });

  it('go back to the table', () => {
    const map = new KeyMap([], localStorage);
    map.remap('tool.select', 'q');
    map.remap('tool.hand', 'v');
    map.reset('tool.select');
    expect([map.keysOf('tool.select'), map.keysOf('tool.hand')]).toEqual([['v'], ['h']]);
  });

  it.each(['{', '7', '{"tool.select": 3}', '{"nothing": ["a"]}'])('that are stored as %s mean the keys of the table', (stored) => {
    localStorage.setItem('treadle.keys', stored);
    expect(new KeyMap([], localStorage).keysOf('tool.select')).toEqual(['v']);
  });
});

describe('a press', () => {
  const map = new KeyMap(controls(null));

  it('does nothing while one types', () => {
    const field = document.createElement('input');
    expect(map.lookup({ ...press('1', 'Digit1'), target: field })).toBeNull();
    field.type = 'checkbox';
    expect(map.lookup({ ...press('1', 'Digit1'), target: field })).toEqual({ kind: 'label', label: expect.objectContaining({ value: 'L0' }) as unknown });
  });

  it('of Enter on a button is the button’s', () => {
    const button = document.createElement('button');
    expect(map.lookup({ ...press('Enter', 'Enter'), target: button })).toBeNull();
    expect(map.lookup({ ...press('Enter', 'Enter'), target: document.body })).toEqual({ kind: 'command', id: 'task.submit' });
  });
});
