import { beforeEach, describe, expect, it } from 'vitest';
import { KeyMap } from '../../editor/model/tools/keymap.ts';
import { NoAnswer, type Send } from './http.ts';
import { OwnKeys } from './own-keys.ts';
import type { WireUser } from './wire.ts';

let hotkeys: Record<string, unknown>;
let isCut: boolean;
const server: Send = async ({ method, body }) => {
  if (isCut) throw new NoAnswer('cut');
  if (method === 'PATCH') hotkeys = (body as { custom_hotkeys: typeof hotkeys }).custom_hotkeys;
  return { status: 200, body: { custom_hotkeys: hotkeys }, etag: null, retryAfterS: null };
};
const ada = (): WireUser => ({ id: 1, email: 'ada@example.com', custom_hotkeys: structuredClone(hotkeys) });

describe('own keys', () => {
  beforeEach(() => {
    localStorage.clear();
    isCut = false;
    hotkeys = { 'annotation:undo': { key: 'ctrl+z', active: true } };
  });

  it('go with the person to another browser, and leave the hotkeys of others alone', async () => {
    const keys = new OwnKeys(ada(), localStorage, server);
    new KeyMap([], keys).remap('tool.select', 'q');
    await keys.settled();
    localStorage.clear();
    expect(new KeyMap([], new OwnKeys(ada(), localStorage, server)).keysOf('tool.select')).toEqual(['q']);
    expect(hotkeys).toMatchObject({ 'annotation:undo': { key: 'ctrl+z' } });
  });

  it('that the server did not get are told to it at the next opening', async () => {
    isCut = true;
    const keys = new OwnKeys(ada(), localStorage, server);
    new KeyMap([], keys).remap('tool.select', 'q');
    await keys.settled();
    isCut = false;
    const again = new OwnKeys(ada(), localStorage, server);
    await again.settled();
    expect(new KeyMap([], again).keysOf('tool.select')).toEqual(['q']);
    localStorage.clear();
    expect(new KeyMap([], new OwnKeys(ada(), localStorage, server)).keysOf('tool.select')).toEqual(['q']);
  });

  it('of this browser hold where the person has none', () => {
    localStorage.setItem('treadle.keys', '{"tool.select":["q"]}');
    expect(new KeyMap([], new OwnKeys(ada(), localStorage, server)).keysOf('tool.select')).toEqual(['q']);
  });
});
