import { act, useState } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TaskRow } from '../../api/types';
import type { TableColumn } from './columns';
import { NOTHING, type Selection, toChosen } from './selection';
import { TaskGrid } from './task-grid';

const COLUMNS: TableColumn[] = [{ id: 'id', wire: 'tasks:id', title: 'Task', width: '80px', sort: 'tasks:id', usual: true, cell: (task) => <a href={`#${task.id}`}>{task.id}</a> }];
const TOTAL = 1000;
const taskAt = (index: number): TaskRow | undefined => (index < TOTAL ? ({ id: 100 + index } as TaskRow) : undefined);

let root: Root;
let selection: Selection;
let opened: number[];
let deletions: number;
let sorts: Array<string | undefined>;
let looked: Array<number | undefined>;
let between: (from: number, to: number) => Promise<number[]>;
const idsBetween = (from: number, to: number) => between(from, to);

function Table() {
  const [chosen, setChosen] = useState<Selection>(NOTHING);
  selection = chosen;
  const [preview, setPreview] = useState<number>();
  const look = (task: number | undefined) => { looked.push(task); setPreview(task); };
  return (
    <TaskGrid
      subject="picture" columns={COLUMNS} total={TOTAL} useRange={() => taskAt} idsBetween={idsBetween}
      selection={chosen} onSelect={setChosen} onOpen={(task) => opened.push(task.id)} onDelete={() => { deletions += 1; }} preview={preview} onPreview={look} step={{ current: undefined }} onWidth={() => undefined} sort={undefined} onSort={(sort) => sorts.push(sort)}
    />
  );
}

beforeEach(async () => {
  (globalThis as Record<string, unknown>)['IS_REACT_ACT_ENVIRONMENT'] = true;
  [opened, deletions, sorts, looked] = [[], 0, [], []];
  between = async (from, to) => Array.from({ length: to - from + 1 }, (_, index) => 100 + from + index);
  const host = document.createElement('div');
  document.body.append(host);
  root = createRoot(host);
  await act(async () => root.render(<Table />));
});

afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
});

const grid = (): HTMLElement => document.querySelector('[role="grid"]') as HTMLElement;
const press = (key: string, more: KeyboardEventInit = {}) => act(async () => void grid().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })));

test('only rows in sight are drawn, and the grid says how many there are', () => {
  expect(grid().getAttribute('aria-rowcount')).toBe('1001');
  expect(document.querySelectorAll('[data-task]').length).toBeLessThan(60);
});

test('arrows move, and Enter opens the task that they reached', async () => {
  await press('ArrowDown');
  await press('ArrowDown');
  await press('ArrowUp');
  await press('Enter');
  expect(opened).toEqual([101]);
});

test('X selects, Shift with an arrow extends, Escape lets go', async () => {
  await press('x');
  await press('ArrowDown', { shiftKey: true });
  await press('ArrowDown', { shiftKey: true });
  expect(toChosen(selection)).toEqual({ all: false, included: [100, 101, 102] });
  await press('Escape');
  expect(selection).toEqual(NOTHING);
});

test('a stretch that comes late is added to what was ticked meanwhile, and not after all was let go', async () => {
  let land: (ids: number[]) => void = () => undefined;
  between = () => new Promise((done) => { land = done; });
  await press('ArrowDown', { shiftKey: true });
  await press('ArrowDown');
  await press('x');
  await act(async () => land([100, 101]));
  expect(toChosen(selection)).toEqual({ all: false, included: [102, 100, 101] });
  await press('ArrowDown', { shiftKey: true });
  await press('Escape');
  await act(async () => land([102, 103]));
  expect(selection).toEqual(NOTHING);
});

test('Space looks beside, arrows walk on with it, Escape closes it', async () => {
  vi.useFakeTimers();
  await press(' ');
  await press('ArrowDown');
  await press('ArrowDown');
  await act(async () => { vi.runAllTimers(); });
  await press('Escape');
  vi.useRealTimers();
  expect(looked).toEqual([100, 102, undefined]);
});

test('Ctrl A selects everything, also what was never loaded, and Delete asks for its deletion', async () => {
  await press('a', { ctrlKey: true });
  expect(toChosen(selection)).toEqual({ all: true, excluded: [] });
  await press('Delete');
  expect(deletions).toBe(1);
});

test('Delete without a selection asks for nothing', async () => {
  await press('Delete');
  expect(deletions).toBe(0);
});

test('a press on a head sorts', async () => {
  await act(async () => (document.querySelector('[role="columnheader"] button') as HTMLElement).click());
  expect(sorts).toEqual(['tasks:id']);
});
