import { useEffect, useRef, useState, type Dispatch, type KeyboardEvent, type MouseEvent, type RefObject, type SetStateAction } from 'react';
import type { TaskRow } from '../../api/types';
import { nameOfKey } from '../../app/keys';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import { countSelected, EVERYTHING, NOTHING, type Selection, toggled, withTasks } from './selection';

/** Rows of a grid are tasks unless it says otherwise. */
export interface GridActs<Row extends { id: string | number } = TaskRow> {
  total: number;
  selection: Selection<Row['id']>;
  onSelect: Dispatch<SetStateAction<Selection<Row['id']>>>;
  onOpen: (task: Row) => void;
  onDelete: () => void;
  /** The task that is looked at beside the grid. */
  preview: Row['id'] | undefined;
  onPreview: (task: Row['id'] | undefined) => void;
  /** Filled with what goes one task up or down, for the buttons of the preview. */
  step: RefObject<((by: -1 | 1) => void) | undefined>;
  idsBetween: (from: number, to: number) => Promise<Array<Row['id']>>;
}

interface GridShape<Row> {
  /** Tasks side by side: 1 in a table. */
  across: number;
  /** Rows in sight. */
  page: number;
  taskAt: (index: number) => Row | undefined;
  /** Which one has the keys; see useActive. */
  active: number;
  setActive: (index: number) => void;
  /** Brings a task into sight. */
  show: (index: number) => void;
}

/** A preview follows the arrows once they rest for a moment. */
const FOLLOW_MS = 90;

/** Which of so many rows has the keys. */
export function useActive(total: number) {
  const [active, setActive] = useState(0);
  useEffect(() => setActive((now) => Math.min(now, Math.max(0, total - 1))), [total]);
  return { active, setActive };
}

/** The keys and presses of a grid of tasks: one tab stop, arrows move, X selects, Shift extends, Space looks beside, Enter opens. */
export function useGridKeys<Row extends { id: string | number } = TaskRow>({ total, selection, onSelect, onOpen, onDelete, preview, onPreview, step, idsBetween }: GridActs<Row>, { across, page, taskAt, active, setActive, show }: GridShape<Row>) {
  const anchor = useRef(0);

  const latest = useRef({ taskAt, onPreview, preview });
  latest.current = { taskAt, onPreview, preview };
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const follow = (index: number, tries = 20) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (latest.current.preview === undefined) return; // closed meanwhile
      const task = latest.current.taskAt(index);
      if (task) latest.current.onPreview(task.id);
      else if (tries > 0) follow(index, tries - 1); // its row is still on the way
    }, FOLLOW_MS);
  };
  const look = (index: number) => {
    const task = taskAt(index);
    setActive(index);
    if (task) onPreview(task.id === preview ? undefined : task.id);
  };
  const onLook = (event: MouseEvent, index: number) => {
    keepKeys(event);
    look(index);
  };
  /** Where the task that is looked at stands, if it is near; else where the keys are. */
  const lookedAt = () => {
    for (let index = Math.max(0, active - NEAR); index <= active + NEAR; index += 1) if (preview !== undefined && taskAt(index)?.id === preview) return index;
    return active;
  };

  // A stretch that is still fetched when all is let go, or other tasks are asked for, is not meant any more.
  const meant = useRef(0);
  const isEmpty = countSelected(selection, total) === 0;
  useEffect(() => { if (isEmpty) meant.current += 1; }, [isEmpty]);
  useEffect(() => { meant.current += 1; }, [idsBetween]);
  const letGo = () => {
    meant.current += 1;
    onSelect(NOTHING);
  };
  const extend = (to: number) => {
    const asked = meant.current;
    idsBetween(Math.min(anchor.current, to), Math.max(anchor.current, to)).then(
      (ids) => { if (asked === meant.current) onSelect((now) => withTasks(now, ids, true)); },
      (error: unknown) => say(messageOf(error), { tone: 'bad' }),
    );
  };
  const toggle = (index: number) => {
    const task = taskAt(index);
    anchor.current = index;
    if (task) onSelect(toggled(selection, task.id));
  };
  const go = (to: number) => {
    const next = Math.max(0, Math.min(total - 1, to));
    setActive(next);
    show(next);
    if (preview !== undefined) follow(next);
    return next;
  };
  const close = () => {
    clearTimeout(timer.current);
    onPreview(undefined);
  };
  const open = () => {
    const task = taskAt(active);
    if (task) onOpen(task);
  };
  const remove = () => {
    if (countSelected(selection, total) > 0) onDelete();
  };
  const sideways: Record<string, () => void> = across > 1 ? {
    ArrowRight: () => go(active + 1), ArrowLeft: () => go(active - 1), 'shift+ArrowRight': () => extend(go(active + 1)), 'shift+ArrowLeft': () => extend(go(active - 1)),
  } : {};
  const acts: Record<string, () => void> = {
    ...sideways,
    ArrowDown: () => go(active + across), ArrowUp: () => go(active - across), PageDown: () => go(active + page * across), PageUp: () => go(active - page * across), Home: () => go(0), End: () => go(total - 1),
    'shift+ArrowDown': () => extend(go(active + across)), 'shift+ArrowUp': () => extend(go(active - across)),
    ' ': () => look(active), x: () => toggle(active), 'mod+ ': () => toggle(active), Enter: open, 'mod+a': () => onSelect(EVERYTHING),
    Escape: () => (preview === undefined ? letGo() : close()), Delete: remove, Backspace: remove,
  };
  const onKey = (event: KeyboardEvent) => {
    const act = event.target === event.currentTarget ? acts[nameOfKey(event.nativeEvent)] : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onCheck = (event: MouseEvent, index: number) => {
    keepKeys(event);
    setActive(index);
    if (event.shiftKey) extend(index);
    else toggle(index);
  };
  step.current = (by) => void go(lookedAt() + by);
  return { onKey, onCheck, onLook };
}

const NEAR = 100;

/** After a press in a row the grid itself has the keys, so that arrows go on from there. */
function keepKeys(event: MouseEvent): void {
  event.currentTarget.closest<HTMLElement>('[role="grid"]')?.focus({ preventScroll: true });
}
