import { useCallback, useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type RefObject } from 'react';
import { barHeight, barTopFor, drawnRows, listTopAfter, type RowWindow, topShowing, visibleRows } from './row-window';

export interface Rows {
  from: number;
  to: number;
  /** Height of the scrolled element, px. */
  height: number;
  /** Which rows to draw: those in sight, and the one that has the keys. */
  drawn: (active: number) => number[];
  /** How high a row that is drawn is, and where it stands. */
  styleOf: (row: number) => CSSProperties;
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

  // Rows that become higher or lower, as on a turned phone, are the same ones as before.
  const before = useRef(rowHeight);
  useLayoutEffect(() => {
    const element = scroller.current;
    const top = (state.current.listTop / before.current) * rowHeight;
    if (!element || before.current === rowHeight) return;
    before.current = rowHeight;
    const bar = Math.round(barTopFor(state.current.window, top));
    place(top, bar);
    element.scrollTop = bar;
  }, [scroller, place, rowHeight]);

  const [from, to] = visibleRows(window, listTop);
  const height = barHeight(window);
  const styleOf = (row: number): CSSProperties => {
    const stands = barTop - listTop + row * rowHeight;
    if (row >= from && row < to) return { height: rowHeight, transform: `translateY(${stands}px)` };
    // It is there to be named; at its own place it could make the scrolled element millions of pixels higher.
    const within = Math.min(Math.max(stands, 0), Math.max(0, height - rowHeight));
    return { height: rowHeight, transform: `translateY(${within}px)`, opacity: 0, pointerEvents: 'none' };
  };
  return { from, to, height, drawn: (active) => drawnRows([from, to], rows, active), styleOf, show };
}

/** Height of the table's head, which stays over the rows. */
export const HEAD_PX = 31;
