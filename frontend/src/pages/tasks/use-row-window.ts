import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import { barHeight, barTopFor, listTopAfter, type RowWindow, topShowing, visibleRows } from './row-window';

export interface Rows {
  from: number;
  to: number;
  /** Height of the scrolled element, px. */
  height: number;
  /** Where row 0 would stand in the scrolled element, px; may be far above it. */
  offset: number;
  show: (row: number) => void;
}

const SETTLE_MS = 200;

/** Draws only the rows in sight of `scroller`, however many there are. `headPx`: height of what stays over the rows. */
export function useRowWindow(scroller: RefObject<HTMLElement | null>, rows: number, rowHeight: number, headPx = HEAD_PX): Rows {
  const [viewHeight, setViewHeight] = useState(600);
  const [listTop, setListTop] = useState(0);
  const [barTop, setBarTop] = useState(0);
  const window = { rows, rowHeight, viewHeight } satisfies RowWindow;
  const state = useRef({ window, listTop, barTop });
  state.current = { window, listTop, barTop };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setViewHeight(element.clientHeight || 600));
    observer.observe(element);
    setViewHeight(element.clientHeight || 600);
    return () => observer.disconnect();
  }, [scroller]);

  const place = useCallback((nextList: number, nextBar: number) => {
    state.current.listTop = nextList;
    state.current.barTop = nextBar;
    setListTop(nextList);
    setBarTop(nextBar);
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout>;
    const settle = () => {
      const bar = Math.round(barTopFor(state.current.window, state.current.listTop));
      if (Math.abs(bar - element.scrollTop) < 2) return;
      place(state.current.listTop, bar);
      element.scrollTop = bar;
    };
    const onScroll = () => {
      const { window: now, listTop: top, barTop: bar } = state.current;
      if (Math.abs(element.scrollTop - bar) < 0.5) return; // our own move
      place(listTopAfter(now, top, bar, element.scrollTop), element.scrollTop);
      clearTimeout(timer);
      timer = setTimeout(settle, SETTLE_MS);
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      element.removeEventListener('scroll', onScroll);
      clearTimeout(timer);
    };
  }, [scroller, place]);

  const show = useCallback((row: number) => {
    const element = scroller.current;
    if (!element) return;
    const next = topShowing(state.current.window, state.current.listTop, row, headPx);
    const bar = Math.round(barTopFor(state.current.window, next));
    place(next, bar);
    element.scrollTop = bar;
  }, [scroller, place, headPx]);

  const [from, to] = visibleRows(window, listTop);
  return { from, to, height: barHeight(window), offset: barTop - listTop, show };
}

/** Height of the table's head, which stays over the rows. */
export const HEAD_PX = 31;
