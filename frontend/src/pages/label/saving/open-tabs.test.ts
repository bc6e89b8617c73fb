import { afterEach, expect, test, vi } from 'vitest';
import { OpenTabs } from './open-tabs.ts';

const open: OpenTabs[] = [];
function tab(name: string): { tabs: OpenTabs; isElsewhere: () => boolean } {
  let found = false;
  const tabs = new OpenTabs(name, (isElsewhere) => (found = isElsewhere));
  open.push(tabs);
  return { tabs, isElsewhere: () => found };
}
afterEach(() => open.splice(0).forEach((tabs) => tabs.close()));

test('both tabs learn that they have the same task open', async () => {
  const [first, second] = [tab('a'), tab('a')];
  first.tabs.opened(1);
  second.tabs.opened(1);
  await vi.waitFor(() => expect([first.isElsewhere(), second.isElsewhere()]).toEqual([true, true]));
  second.tabs.opened(2);
  expect(second.isElsewhere()).toBe(false);
});

test('other tasks and other people are no matter', async () => {
  const [first, second, other] = [tab('b'), tab('b'), tab('c')];
  first.tabs.opened(1);
  second.tabs.opened(2);
  other.tabs.opened(1);
  second.tabs.opened(1);
  await vi.waitFor(() => expect(first.isElsewhere()).toBe(true));
  expect(other.isElsewhere()).toBe(false);
});
