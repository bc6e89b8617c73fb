import { act } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { offerUndo, Toasts, useToasts } from './toast';

let root: Root;

beforeEach(() => {
  (globalThis as Record<string, unknown>)['IS_REACT_ACT_ENVIRONMENT'] = true;
  vi.useFakeTimers();
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  root = createRoot(place);
  act(() => root.render(<Toasts />));
});

afterEach(() => {
  act(() => { root.unmount(); useToasts.setState({ toasts: [] }); });
  vi.useRealTimers();
});

const shown = () => document.body.textContent ?? '';
const seconds = (n: number) => act(() => { vi.advanceTimersByTime(n * 1000); });
const pressUndo = (target: EventTarget = window) => act(async () => { target.dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true })); });

test('what was deleted can be taken back for ten seconds, and no longer', async () => {
  const undo = vi.fn(async () => undefined);
  act(() => offerUndo('2 tasks are deleted.', undo));
  expect(shown()).toContain('10 s');
  seconds(9);
  expect(shown()).toContain('1 s');
  seconds(1);
  expect(shown()).toBe('');
  await pressUndo();
  expect(undo).not.toHaveBeenCalled();
});

test('the seconds rest while the pointer is on it', () => {
  act(() => offerUndo('Gone.', async () => undefined));
  act(() => { document.querySelector('.toast')?.dispatchEvent(new PointerEvent('pointerover', { bubbles: true })); });
  seconds(30);
  expect(shown()).toContain('Gone.');
});

test('Ctrl Z takes the newest back, once, and not while somebody types', async () => {
  const [older, newer] = [vi.fn(async () => undefined), vi.fn(async () => undefined)];
  act(() => { offerUndo('Older.', older); offerUndo('Newer.', newer, 'Newer is back.'); });
  const field = document.body.appendChild(document.createElement('input'));
  await pressUndo(field);
  expect(newer).not.toHaveBeenCalled();
  await pressUndo();
  expect(newer).toHaveBeenCalledOnce();
  expect(older).not.toHaveBeenCalled();
  expect(shown()).toContain('Newer is back.');
});

test('when it cannot be taken back the reason is said', async () => {
  act(() => offerUndo('Gone.', async () => { throw new Error('Its 30 days are over.'); }));
  await pressUndo();
  expect(shown()).toContain('It could not be taken back: Its 30 days are over.');
});
