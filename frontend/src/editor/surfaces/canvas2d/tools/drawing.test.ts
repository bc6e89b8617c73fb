import { beforeEach, describe, expect, it } from 'vitest';
import { BoxTool } from './box-tool';
import { Desk, Hand } from './desk';
import { HandTool } from './hand-tool';
import { PointTool } from './point-tool';
import { PolygonTool } from './polygon-tool';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

describe('rectangle tool', () => {
  let tool: BoxTool;
  let hand: Hand;
  beforeEach(() => {
    tool = new BoxTool(desk, 'rectangle');
    hand = new Hand(desk, tool);
    desk.editor.setTool('rectangle');
  });

  it('draws from corner to corner in one step of undo', () => {
    hand.pull([30, 40], [10, 90]);
    expect(desk.shapes()).toEqual([{ kind: 'rectangle', x: 10, y: 40, width: 20, height: 50, rotation: 0 }]);
    expect(desk.draft).toBeNull();
    desk.editor.history.undo();
    expect(desk.shapes()).toEqual([]);
    expect(desk.editor.history.canUndo).toBe(false);
  });

  it('draws by two clicks and shows the box in between', () => {
    hand.click(10, 10);
    expect(tool.isBusy()).toBe(true);
    hand.hover(60, 50);
    expect(desk.draft).toMatchObject({ kind: 'drawing', shape: { width: 50, height: 40 } });
    hand.click(70, 60);
    expect(desk.shapes()).toEqual([{ kind: 'rectangle', x: 10, y: 10, width: 60, height: 50, rotation: 0 }]);
    expect(tool.isBusy()).toBe(false);
  });

  it('makes nothing of a stray click and one more on the same spot', () => {
    hand.click(10, 10);
    hand.click(11, 10);
    expect(desk.shapes()).toEqual([]);
    expect(tool.isBusy()).toBe(false);
  });

  it('makes no box without a width', () => {
    hand.pull([10, 10], [10, 200]);
    expect(desk.shapes()).toEqual([]);
  });

  it('draws inside another box instead of moving it', () => {
    const outer = desk.box(0, 0, 200, 200);
    hand.pull([50, 50], [80, 80]);
    expect(desk.shape(outer)).toEqual(outer.shape);
    expect(desk.shapes()).toHaveLength(2);
  });

  it('stops at the picture’s edge on both ends', () => {
    hand.pull([-50, -20], [900, 700]);
    expect(desk.shapes()).toEqual([{ kind: 'rectangle', x: 0, y: 0, width: 400, height: 300, rotation: 0 }]);
  });

  it('draws a square with Shift', () => {
    hand.press(100, 100);
    hand.drag(150, 130, { shift: true });
    hand.release(160, 130, { shift: true });
    expect(desk.shapes()[0]).toMatchObject({ width: 30, height: 30 });
  });

  it('is called off by Escape, leaving nothing to undo', () => {
    hand.press(10, 10);
    hand.drag(50, 50);
    expect(tool.cancel()).toBe(true);
    hand.release(60, 60);
    expect(desk.shapes()).toEqual([]);
    expect(desk.editor.history.canUndo).toBe(false);
    expect(tool.cancel()).toBe(false);
  });

  it('draws nothing when a second finger comes, and keeps the first of two clicks', () => {
    hand.press(10, 10);
    hand.drag(50, 50);
    tool.abandonPress();
    expect(tool.isBusy()).toBe(false);
    hand.click(10, 10);
    hand.press(50, 50);
    tool.abandonPress();
    expect(tool.isBusy()).toBe(true);
    hand.click(60, 60);
    expect(desk.shapes()).toHaveLength(1);
  });

  it('takes one screen pixel for less when zoomed in', () => {
    desk.zoom = 20;
    hand.pull([10, 10], [11.5, 11.5]);
    expect(desk.shapes()[0]).toMatchObject({ width: 1.5, height: 1.5 });
  });
});

describe('ellipse tool', () => {
  it('fills the box that is drawn', () => {
    desk.editor.setTool('ellipse');
    new Hand(desk, new BoxTool(desk, 'ellipse')).pull([10, 20], [50, 40]);
    expect(desk.shapes()).toEqual([{ kind: 'ellipse', x: 30, y: 30, radiusX: 20, radiusY: 10, rotation: 0 }]);
  });
});

describe('polygon tool', () => {
  let tool: PolygonTool;
  let hand: Hand;
  beforeEach(() => {
    tool = new PolygonTool(desk);
    hand = new Hand(desk, tool);
    desk.editor.setTool('polygon');
  });

  function corners(...points: Array<[number, number]>): void {
    for (const [x, y] of points) hand.click(x, y);
  }

  it('closes on its first corner', () => {
    corners([10, 10], [100, 10], [100, 100]);
    hand.hover(13, 12);
    expect(desk.draft).toMatchObject({ rubber: { to: [10, 10], closes: true } });
    hand.click(13, 12);
    expect(desk.shapes()).toEqual([{ kind: 'polygon', points: [[10, 10], [100, 10], [100, 100]], closed: true }]);
    expect(tool.isBusy()).toBe(false);
  });

  it('closes on a double click, whose two clicks are one corner', () => {
    corners([10, 10], [100, 10]);
    hand.click(100, 100);
    hand.click(100, 100, { isDouble: true });
    expect(desk.shapes()[0]).toMatchObject({ points: [[10, 10], [100, 10], [100, 100]] });
  });

  it('takes a double click for one corner where it cannot close yet', () => {
    hand.click(10, 10);
    hand.click(10, 10, { isDouble: true });
    corners([100, 10], [100, 100]);
    tool.commit();
    expect(desk.shapes()[0]).toMatchObject({ points: [[10, 10], [100, 10], [100, 100]] });
  });

  it('closes on Enter', () => {
    corners([10, 10], [100, 10], [100, 100], [10, 100]);
    expect(tool.commit()).toBe(true);
    expect(desk.shapes()).toHaveLength(1);
    expect(tool.commit()).toBe(false);
  });

  it('says why two corners are not enough, and stays open', () => {
    corners([10, 10], [100, 10]);
    expect(tool.commit()).toBe(true);
    expect(desk.refusals).toEqual(['A polygon needs at least three points.']);
    expect(tool.isBusy()).toBe(true);
  });

  it('takes its last corner back', () => {
    corners([10, 10], [100, 10], [390, 290]);
    expect(tool.stepBack()).toBe(true);
    corners([100, 100]);
    tool.commit();
    expect(desk.shapes()[0]).toMatchObject({ points: [[10, 10], [100, 10], [100, 100]] });
  });

  it('keeps its corners through a pinch and inside the picture', () => {
    corners([10, 10], [100, 10]);
    hand.press(50, 50);
    tool.abandonPress();
    expect(tool.isBusy()).toBe(true);
    corners([999, 999]);
    tool.commit();
    expect(desk.shapes()[0]).toMatchObject({ points: [[10, 10], [100, 10], [400, 300]] });
  });

  it('is called off as a whole', () => {
    corners([10, 10], [100, 10], [100, 100]);
    expect(tool.cancel()).toBe(true);
    expect(desk.shapes()).toEqual([]);
    expect(desk.draft).toBeNull();
  });
});

describe('point tool', () => {
  it('puts a point where it is clicked, and none beside the picture or after a drag', () => {
    desk.editor.setTool('keypoint');
    const hand = new Hand(desk, new PointTool(desk));
    hand.click(12.5, 20.25);
    hand.click(-3, 20);
    hand.pull([50, 50], [90, 90]);
    expect(desk.shapes()).toMatchObject([{ kind: 'keypoint', x: 12.5, y: 20.25 }]);
  });
});

describe('hand tool', () => {
  it('moves the picture and nothing else', () => {
    const region = desk.box(0, 0, 100, 100);
    new Hand(desk, new HandTool(desk)).pull([50, 50], [70, 45]);
    expect(desk.panned).toEqual({ dx: 20, dy: -5 });
    expect(desk.shape(region)).toEqual(region.shape);
  });
});
