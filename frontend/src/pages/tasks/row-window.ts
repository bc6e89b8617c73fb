/**
 * Which rows of a very long list to draw. Browsers cap the height of an element (near 16 million px), so beyond
 * `MAX_HEIGHT_PX` the scroll bar stands for the list in proportion, while small scrolls still move by pixels.
 */
export const MAX_HEIGHT_PX = 8_000_000;

export interface RowWindow {
  rows: number;
  rowHeight: number;
  viewHeight: number;
}

export const listHeight = ({ rows, rowHeight }: RowWindow): number => rows * rowHeight;
export const barHeight = (window: RowWindow): number => Math.min(listHeight(window), MAX_HEIGHT_PX);
const listTravel = (window: RowWindow): number => Math.max(0, listHeight(window) - window.viewHeight);
const barTravel = (window: RowWindow): number => Math.max(0, barHeight(window) - window.viewHeight);

/** Where the list stands after the bar went from one place to another. */
export function listTopAfter(window: RowWindow, listTop: number, barFrom: number, barTo: number): number {
  if (listTravel(window) === barTravel(window)) return barTo;
  if (barTo <= 0) return 0;
  if (barTo >= barTravel(window)) return listTravel(window);
  const step = barTo - barFrom;
  if (Math.abs(step) <= window.viewHeight) return clamp(listTop + step, 0, listTravel(window));
  return (barTo / barTravel(window)) * listTravel(window);
}

/** Where the bar belongs when the list stands somewhere. */
export function barTopFor(window: RowWindow, listTop: number): number {
  const travel = listTravel(window);
  return travel === 0 ? 0 : (clamp(listTop, 0, travel) / travel) * barTravel(window);
}

/** First row to draw and the one past the last, with some to spare on both sides. */
export function visibleRows(window: RowWindow, listTop: number, spare = 6): [from: number, to: number] {
  const from = Math.floor(listTop / window.rowHeight) - spare;
  const to = Math.ceil((listTop + window.viewHeight) / window.rowHeight) + spare;
  return [clamp(from, 0, window.rows), clamp(to, 0, window.rows)];
}

/**
 * What is drawn: the rows in sight, and the one that has the keys wherever it is, in the order of the list. An
 * `aria-activedescendant` that names what is not drawn names nothing to a screen reader.
 */
export function drawnRows([from, to]: [from: number, to: number], rows: number, active: number): number[] {
  const inSight = Array.from({ length: to - from }, (_, offset) => from + offset);
  if (active < from) return [active, ...inSight];
  return active >= to && active < rows ? [...inSight, active] : inSight;
}

/** The list position that shows a row whole, moving as little as may be. */
export function topShowing(window: RowWindow, listTop: number, row: number, headHeight = 0): number {
  const [top, bottom] = [row * window.rowHeight, (row + 1) * window.rowHeight];
  if (top < listTop) return top;
  const room = window.viewHeight - headHeight;
  return bottom > listTop + room ? bottom - room : listTop;
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), Math.max(least, most));
