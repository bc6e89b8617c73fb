import { beforeEach, describe, expect, it } from 'vitest';
import type { PolygonShape, RectangleShape } from '../../../model/types';
import { Desk, Hand } from './desk';
import { SelectTool } from './select-tool';

let desk: Desk;
let tool: SelectTool;
let hand: Hand;
beforeEach(() => {
  desk = new Desk();
  tool = new SelectTool(desk);
  hand = new Hand(desk, tool);
  desk.editor.setTool('select');
});

const selected = (): string[] => [...desk.editor.selection.ids()];

describe('selecting', () => {
  it('takes the smallest shape under the pointer, already on the press', () => {
    desk.box(0, 0, 300, 300);
    const inner = desk.box(50, 50, 40, 40);
    hand.press(60, 60);
    expect(selected()).toEqual([inner.id]);
  });

  it('takes the upper of two equal shapes', () => {
    desk.box(50, 50, 40, 40);
    const upper = desk.box(50, 50, 40, 40);
    hand.click(60, 60);
    expect(selected()).toEqual([upper.id]);
  });

  it('goes one deeper with each Alt+click', () => {
    const outer = desk.box(0, 0, 300, 300);
    const inner = desk.box(50, 50, 40, 40);
    hand.click(70, 70);
    hand.click(70, 70, { alt: true });
    expect(selected()).toEqual([outer.id]);
    hand.click(70, 70, { alt: true });
    expect(selected()).toEqual([inner.id]);
  });

  it('toggles with Ctrl and with Shift', () => {
    const a = desk.box(0, 0, 50, 50);
    const b = desk.box(100, 100, 50, 50);
    hand.click(20, 20);
    hand.click(120, 120, { ctrl: true });
    expect(selected()).toEqual([a.id, b.id]);
    hand.click(20, 20, { shift: true });
    expect(selected()).toEqual([b.id]);
  });

  it('lets go on empty space', () => {
    desk.box(0, 0, 50, 50);
    hand.click(20, 20);
    hand.click(200, 200);
    expect(selected()).toEqual([]);
  });

  it('does not see hidden regions', () => {
    const hidden = desk.box(0, 0, 50, 50);
    desk.editor.setHidden([hidden.id], true);
    hand.click(20, 20);
    expect(selected()).toEqual([]);
  });

  it('takes what lies wholly in a frame drawn from empty space', () => {
    const inside = desk.box(50, 50, 20, 20);
    desk.box(90, 90, 100, 100);
    hand.press(20, 20);
    hand.drag(120, 120);
    expect(desk.marquee).toEqual({ minX: 20, minY: 20, maxX: 120, maxY: 120 });
    hand.release(120, 120);
    expect(selected()).toEqual([inside.id]);
    expect(desk.marquee).toBeNull();
  });

  it('points at what is under the pointer', () => {
    const region = desk.box(0, 0, 50, 50);
    hand.hover(20, 20);
    expect(desk.editor.selection.hovered).toBe(region.id);
    hand.hover(200, 200);
    expect(desk.editor.selection.hovered).toBeNull();
  });
});

describe('moving', () => {
  it('drags what is pressed, in one step of undo', () => {
    const region = desk.box(50, 50, 40, 40);
    hand.pull([60, 60], [80, 75]);
    expect(desk.shape(region)).toMatchObject({ x: 70, y: 65 });
    desk.editor.history.undo();
    expect(desk.shape(region)).toEqual(region.shape);
    expect(desk.shapes()).toHaveLength(1);
  });

  it('shows the move as a draft and changes nothing until the pointer is let go', () => {
    const region = desk.box(50, 50, 40, 40);
    hand.press(60, 60);
    hand.drag(80, 75);
    expect(desk.draft).toMatchObject({ kind: 'moved', dx: 20, dy: 15 });
    expect(desk.shape(region)).toEqual(region.shape);
  });

  it('moves the selected shape also where a smaller one lies on it, and a click selects that one', () => {
    const outer = desk.box(0, 0, 200, 200);
    const inner = desk.box(50, 50, 40, 40);
    desk.editor.selection.set([outer.id]);
    hand.pull([60, 60], [70, 60]);
    expect(desk.shape(outer)).toMatchObject({ x: 10 });
    hand.click(65, 60);
    expect(selected()).toEqual([inner.id]);
  });

  it('moves all that is selected together and stops at the edge', () => {
    const a = desk.box(10, 10, 40, 40);
    const b = desk.box(100, 100, 40, 40);
    desk.editor.selection.set([a.id, b.id]);
    hand.pull([110, 110], [-900, 110]);
    expect(desk.shape(a)).toMatchObject({ x: 0, y: 10 });
    expect(desk.shape(b)).toMatchObject({ x: 90, y: 100 });
  });

  it('ends on whole pixels where the config asks for it', () => {
    desk.editor.setActiveLabel('grid', 'Cell');
    const region = desk.box(50.2, 50.2, 40, 40);
    hand.pull([60, 60], [80.4, 70]);
    expect(desk.shape(region)).toMatchObject({ x: 71, y: 60, width: 40, height: 40 });
  });

  it('leaves locked regions where they are', () => {
    const region = desk.box(50, 50, 40, 40);
    desk.editor.setLocked([region.id], true);
    hand.pull([60, 60], [90, 90]);
    expect(desk.shape(region)).toEqual(region.shape);
  });

  it('is called off by Escape and makes no step of undo', () => {
    const region = desk.box(50, 50, 40, 40);
    desk.editor.history.clear();
    hand.press(60, 60);
    hand.drag(90, 90);
    expect(tool.cancel()).toBe(true);
    hand.release(90, 90);
    expect(desk.shape(region)).toEqual(region.shape);
    expect(desk.editor.history.canUndo).toBe(false);
  });

  it('makes no step of a click', () => {
    desk.box(50, 50, 40, 40);
    desk.editor.history.clear();
    hand.click(60, 60);
    hand.click(50, 50);
    expect(desk.editor.history.canUndo).toBe(false);
  });

  it('accepts a suggestion by moving it', () => {
    const region = desk.box(50, 50, 40, 40);
    const suggestion = { ...region, id: 'p', suggested: true, origin: 'prediction' } as const;
    desk.editor.store.apply({ added: [suggestion], removed: [region], updated: [] });
    hand.pull([60, 60], [70, 60]);
    expect(desk.editor.store.get('p')).toMatchObject({ suggested: false, origin: 'prediction-changed' });
  });
});

describe('a finger', () => {
  it('moves the picture over what is not selected, and selects by a tap', () => {
    const region = desk.box(50, 50, 40, 40);
    hand.pull([60, 60], [90, 60], { isTouch: true });
    expect(desk.panned.dx).toBe(30);
    expect(selected()).toEqual([]);
    hand.click(60, 60, { isTouch: true });
    expect(selected()).toEqual([region.id]);
    hand.pull([70, 70], [90, 70], { isTouch: true });
    expect(desk.shape(region)).toMatchObject({ x: 70 });
  });

  it('reaches handles that it does not quite hit', () => {
    const region = desk.box(50, 50, 100, 100);
    desk.editor.selection.set([region.id]);
    hand.pull([160, 160], [180, 170], { isTouch: true });
    expect(desk.shape(region)).toMatchObject({ x: 50, y: 50, width: 120, height: 110 });
  });
});

describe('resizing and rotating', () => {
  let region: ReturnType<Desk['box']>;
  beforeEach(() => {
    region = desk.box(100, 100, 100, 80);
    desk.editor.selection.set([region.id]);
  });

  it('pulls a corner by as much as the pointer moves, wherever in the handle it was pressed', () => {
    hand.pull([203, 183], [223, 193]);
    expect(desk.shape(region)).toMatchObject({ x: 100, y: 100, width: 120, height: 90 });
  });

  it('stops at the edge, turned shapes too', () => {
    hand.pull([200, 180], [900, 900]);
    expect(desk.shape(region)).toMatchObject({ width: 300, height: 200 });
    desk.editor.reshape([[region.id, { ...(region.shape as RectangleShape), rotation: 30 }]]);
    const { x, y } = desk.shape(region) as RectangleShape;
    const corner = [x + 100 * Math.cos(Math.PI / 6) - 80 * Math.sin(Math.PI / 6), y + 100 * Math.sin(Math.PI / 6) + 80 * Math.cos(Math.PI / 6)] as const;
    hand.pull(corner, [390, 290]);
    const grown = desk.shape(region) as RectangleShape;
    expect(grown.rotation).toBe(30);
    expect(grown.y + grown.width * Math.sin(Math.PI / 6) + grown.height * Math.cos(Math.PI / 6)).toBeLessThanOrEqual(300.001);
  });

  it('turns about the middle by the knob, with Shift in steps of 15 degrees', () => {
    hand.pull([150, 76], [214, 140]);
    expect((desk.shape(region) as RectangleShape).rotation).toBeCloseTo(90);
    desk.editor.history.undo();
    hand.pull([150, 76], [170, 80], { shift: false });
    desk.editor.history.undo();
    hand.press(150, 76);
    hand.drag(172, 82, { shift: true });
    hand.release(172, 82, { shift: true });
    expect((desk.shape(region) as RectangleShape).rotation % 15).toBe(0);
  });

  it('keeps a turned shape inside the picture', () => {
    desk.editor.reshape([[region.id, { ...(region.shape as RectangleShape), x: 0, y: 200, width: 300, height: 40 }]]);
    hand.pull([150, 176], [240, 220]);
    const { x, y, rotation, width } = desk.shape(region) as RectangleShape;
    expect(rotation).toBeGreaterThan(60);
    expect(y).toBeGreaterThanOrEqual(-0.001);
    expect(y + width * Math.sin((rotation * Math.PI) / 180)).toBeLessThanOrEqual(300.001);
    expect(x).toBeLessThanOrEqual(400);
  });
});

describe('corners of a polygon', () => {
  const triangle: PolygonShape = { kind: 'polygon', points: [[100, 100], [200, 100], [200, 200]], closed: true };

  function drawn(): string {
    const { id } = desk.editor.addRegion(triangle, 'img')!;
    desk.editor.selection.set([id]);
    return id;
  }

  const points = (id: string): PolygonShape['points'] => (desk.editor.store.get(id)!.shape as PolygonShape).points;

  it('move by drag, clamped', () => {
    const id = drawn();
    hand.pull([200, 100], [500, 90]);
    expect(points(id)[1]).toEqual([400, 90]);
  });

  it('are added by a double click on an edge and picked', () => {
    const id = drawn();
    hand.click(150, 101, { isDouble: true });
    expect(points(id)).toHaveLength(4);
    expect(points(id)[1]).toEqual([150, 101]);
    expect(desk.pickedVertex).toBe(1);
  });

  it('are deleted by Alt+click, down to three', () => {
    const id = drawn();
    hand.click(150, 101, { isDouble: true });
    hand.click(150, 101, { alt: true });
    expect(points(id)).toEqual(triangle.points);
    hand.click(200, 100, { alt: true });
    expect(points(id)).toHaveLength(3);
    expect(desk.refusals).toHaveLength(1);
  });
});
