import { beforeEach, describe, expect, it } from 'vitest';
import { PictureKeys } from './picture-keys';
import { RegionView } from './region-view';
import { Desk } from './tools/desk';
import { PolygonTool } from './tools/polygon-tool';
import { SelectTool } from './tools/select-tool';
import type { Tool } from './tools/tool';

let desk: Desk;
let keys: PictureKeys;
let tool: Tool;
let dropped: number;
let announced: string[];

beforeEach(() => {
  desk = new Desk();
  tool = new SelectTool(desk);
  dropped = 0;
  announced = [];
});

function sit(): void {
  keys = new PictureKeys({
    editor: desk.editor,
    regions: new RegionView(desk.editor, 'img'),
    size: desk.size,
    tool,
    get pickedVertex() {
      return desk.pickedVertex;
    },
    set pickedVertex(index) {
      desk.pickedVertex = index;
    },
    panBy: (dx, dy) => desk.panBy(dx, dy),
    focusRegion: () => {},
    dropShape: () => ++dropped > 0,
    announce: (region) => announced.push(region.id),
    refuse: (message) => desk.refuse(message),
  });
}

const press = (key: string, held: KeyboardEventInit = {}): boolean => keys.press(new KeyboardEvent('keydown', { key, ...held }));
const selected = (): string[] => [...desk.editor.selection.ids()];

describe('Tab', () => {
  it('walks through the regions and out at either end', () => {
    const [a, b] = [desk.box(0, 0, 50, 50), desk.box(60, 60, 50, 50)];
    sit();
    expect(press('Tab')).toBe(true);
    expect(selected()).toEqual([a.id]);
    expect(press('Tab')).toBe(true);
    expect(selected()).toEqual([b.id]);
    expect(press('Tab')).toBe(false);
    expect(press('Tab', { shiftKey: true })).toBe(true);
    expect(press('Tab', { shiftKey: true })).toBe(false);
    expect(announced).toEqual([a.id, b.id, a.id]);
  });

  it('leaves at once after Escape', () => {
    desk.box(0, 0, 50, 50);
    sit();
    press('Tab');
    expect(press('Escape')).toBe(true);
    expect(selected()).toEqual([]);
    expect(press('Tab')).toBe(false);
  });

  it('passes hidden regions by', () => {
    const hidden = desk.box(0, 0, 50, 50);
    const seen = desk.box(60, 60, 50, 50);
    desk.editor.setHidden([hidden.id], true);
    sit();
    press('Tab');
    expect(selected()).toEqual([seen.id]);
  });
});

describe('arrows', () => {
  it('nudge what is selected, by ten with Shift, and move the picture where nothing is', () => {
    const region = desk.box(100, 100, 50, 50);
    sit();
    press('ArrowLeft');
    expect(desk.panned.dx).toBeGreaterThan(0);
    desk.editor.selection.set([region.id]);
    press('ArrowRight');
    press('ArrowUp', { shiftKey: true });
    expect(desk.shape(region)).toMatchObject({ x: 101, y: 90 });
  });

  it('resize with Alt, one step of undo each', () => {
    const region = desk.box(100, 100, 50, 50);
    desk.editor.selection.set([region.id]);
    sit();
    press('ArrowRight', { altKey: true });
    press('ArrowDown', { altKey: true, shiftKey: true });
    expect(desk.shape(region)).toMatchObject({ width: 51, height: 60 });
    desk.editor.history.undo();
    expect(desk.shape(region)).toMatchObject({ width: 51, height: 50 });
  });

  it('are left to the browser and to commands with Ctrl', () => {
    sit();
    expect(press('ArrowLeft', { ctrlKey: true })).toBe(false);
  });
});

describe('corners', () => {
  it('are picked, moved, doubled and deleted by keys', () => {
    const points = [[10, 10], [100, 10], [100, 100]] as const;
    const region = desk.editor.addRegion({ kind: 'polygon', points, closed: true }, 'img')!;
    desk.editor.selection.set([region.id]);
    sit();
    press('.');
    press('ArrowRight', { shiftKey: true });
    expect(desk.shape(region)).toMatchObject({ points: [[20, 10], [100, 10], [100, 100]] });
    press('Insert');
    expect(desk.shape(region)).toMatchObject({ points: [[20, 10], [60, 10], [100, 10], [100, 100]] });
    expect(press('Delete')).toBe(true);
    expect(desk.shape(region)).toMatchObject({ points: [[20, 10], [100, 10], [100, 100]] });
    expect(press('Delete')).toBe(false);
  });
});

describe('Enter', () => {
  it('closes an open polygon before it drops anything', () => {
    desk.editor.setTool('polygon');
    const polygon = new PolygonTool(desk);
    tool = polygon;
    sit();
    for (const [x, y] of [[10, 10], [90, 10], [90, 90]] as const) {
      const at = { x, y, viewX: x, viewY: y, shift: false, ctrl: false, alt: false, isTouch: false, isDouble: false };
      polygon.press(at);
      polygon.release(at);
    }
    expect(press('Enter')).toBe(true);
    expect(desk.shapes()).toHaveLength(1);
    expect(dropped).toBe(0);
    press('Enter');
    expect(dropped).toBe(1);
  });
});
