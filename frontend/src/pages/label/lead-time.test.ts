import { expect, test } from 'vitest';
import { LeadTime } from './lead-time.ts';

test('time counts while there are signs of life', () => {
  let now = 0;
  const leadTime = new LeadTime(0, () => now);
  now = 5_000;
  leadTime.sign();
  now = 7_250;
  expect(leadTime.seconds()).toBe(7.25);
});

test('a pause counts one minute at most', () => {
  let now = 0;
  const leadTime = new LeadTime(10, () => now);
  now = 3_600_000;
  expect(leadTime.seconds()).toBe(70);
});

test('nothing counts while the page is out of sight', () => {
  let now = 0;
  const leadTime = new LeadTime(0, () => now);
  now = 2_000;
  leadTime.pause();
  now = 30_000;
  expect(leadTime.seconds()).toBe(2);
  leadTime.sign();
  now = 31_000;
  expect(leadTime.seconds()).toBe(3);
});
