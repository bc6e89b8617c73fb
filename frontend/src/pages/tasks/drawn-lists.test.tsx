import { act, createRef, useState, type ReactNode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunRow } from '../../api/tracking';
import type { Project, TaskRow } from '../../api/types';
import { RunGrid } from '../runs/run-grid';
import { SpanRows } from '../traces/span-rows';
import { buildTree } from '../traces/span-tree';
import { NOTHING } from './selection';
import { TaskGrid } from './task-grid';
import { TaskTiles } from './task-tiles';

const TOTAL = 10_000;
const ACTS = { total: TOTAL, selection: NOTHING, onSelect: () => undefined, onOpen: () => undefined, onDelete: () => undefined, preview: undefined, onPreview: () => undefined, step: { current: undefined }, idsBetween: async () => [] };
const HEAD = { sort: undefined, onSort: () => undefined, onWidth: () => undefined };
/** Knows a row only where it was asked for, as pages of a server do. */
const useTasks = (from: number, to: number, active: number) => (index: number) => ((index < from || index >= to) && index !== active ? undefined : { id: index, data: {}, annotations: [], predictions: [] }) as unknown as TaskRow | undefined;
const useRuns = (from: number, to: number, active: number) => (index: number) => ((index < from || index >= to) && index !== active ? undefined : { id: String(index), run_id: String(index), name: `run ${index}` }) as unknown as (RunRow & { id: string }) | undefined;
const TREE = buildTree(Array.from({ length: TOTAL }, (_, at) => ({ id: `s${at}`, parent: undefined, name: `span ${at}`, kind: '', status: 'OK', message: '', start_ns: at, end_ns: at + 1, attributes: {}, events: [] })));
const ALL = TREE.rows.map((_, at) => at);
const NONE: ReadonlySet<string> = new Set();

function Spans() {
  const [active, setActive] = useState(0);
  return <SpanRows tree={TREE} inSight={ALL} closed={NONE} isNarrowed={false} active={active} onActive={setActive} onToggle={() => undefined} onOpenAll={() => undefined} onEnter={() => undefined} onPress={() => undefined} list={createRef()} />;
}

const LISTS: Array<[name: string, list: ReactNode]> = [
  ['tasks', <TaskGrid key="tasks" subject="text" columns={[]} useRange={useTasks} {...ACTS} {...HEAD} />],
  ['tiles', <TaskTiles key="tiles" project={{ id: 1, label_config: '<View/>' } as Project} across={4} useRange={useTasks} openAddress={() => '#'} {...ACTS} />],
  ['runs', <RunGrid key="runs" columns={[]} useRange={useRuns} {...ACTS} {...HEAD} />],
  ['spans', <Spans key="spans" />],
];

let root: Root;

beforeEach(() => {
  (globalThis as Record<string, unknown>)['IS_REACT_ACT_ENVIRONMENT'] = true;
  const host = document.createElement('div');
  document.body.append(host);
  root = createRoot(host);
});

afterEach(async () => {
  await act(async () => root.unmount());
  document.body.replaceChildren();
});

test.each(LISTS)('%s: what has the keys is drawn wherever it was left, in its place among the others, and few others are', async (_, list) => {
  await act(async () => root.render(list));
  const keyed = document.querySelector<HTMLElement>('[aria-activedescendant]') as HTMLElement;
  const scroller = (keyed.closest('.grid-scroll') ?? keyed.closest('.span-scroll')) as HTMLElement;
  const named = () => document.getElementById(keyed.getAttribute('aria-activedescendant') ?? '');
  const isLast = () => {
    const drawn = [...document.querySelectorAll(`[id^="${named()?.id.replace(/\d+$/, '')}"]`)];
    return drawn.length < 300 && drawn.at(-1) === named();
  };
  await act(async () => void keyed.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true, cancelable: true })));
  expect(isLast()).toBe(true);
  await act(async () => {
    scroller.scrollTop = 0;
    scroller.dispatchEvent(new Event('scroll'));
  });
  expect(isLast()).toBe(true);
  expect(named()?.id.endsWith(`-${TOTAL - 1}`)).toBe(true);
  expect(`${named()?.textContent} ${named()?.querySelector('input')?.getAttribute('aria-label')}`).toContain(String(TOTAL - 1));
});
