import { expect, it } from 'vitest';
import { describeRegion } from './describe';
import { Desk } from './tools/desk';

it('says what a region is, which of how many, where and how large', () => {
  const desk = new Desk();
  desk.box(0, 0, 10, 10);
  const region = desk.box(122, 132.4, 155, 72);
  expect(describeRegion(region, 'wheel', desk.editor.store.all())).toBe('wheel, 2 of 2, at 122, 132, 155 by 72 pixels');
  const suggestion = { ...region, suggested: true };
  expect(describeRegion(suggestion, 'wheel', desk.editor.store.all())).toContain('wheel, suggested, 2 of 2');
});
