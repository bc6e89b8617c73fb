import type { View, ViewData } from '../../api/types';
import type { TableColumn } from './columns';

export type Layout = 'rows' | 'grid';

/** How the tasks are shown; what is left out is as usual. Columns go by their names on the wire ("tasks:id"). */
export interface Look {
  layout?: Layout | undefined;
  hidden?: readonly string[] | undefined;
  order?: readonly string[] | undefined;
  /** px */
  widths?: Readonly<Record<string, number>> | undefined;
  /** Pictures side by side. */
  across?: number | undefined;
}

export const NARROWEST_PX = 56;
export const WIDEST_PX = 640;
export const MOST_ACROSS = 10;

/** The look that a view keeps, in the keys that Label Studio's data manager knows. */
export function lookOf(data: ViewData | undefined): Look {
  if (!data) return {};
  const look: Look = {};
  if (data.type === 'grid') look.layout = 'grid';
  if (data.hiddenColumns?.explore) look.hidden = data.hiddenColumns.explore;
  if (data.columnsOrder?.length) look.order = data.columnsOrder;
  if (data.columnsWidth && Object.keys(data.columnsWidth).length > 0) look.widths = data.columnsWidth;
  if (data.gridWidth) look.across = data.gridWidth;
  return look;
}

/** What a view keeps of a look. */
export function dataOf(look: Look): ViewData {
  return {
    type: look.layout === 'grid' ? 'grid' : 'list', target: 'tasks',
    ...(look.hidden ? { hiddenColumns: { explore: [...look.hidden], labeling: [] } } : {}),
    ...(look.order ? { columnsOrder: [...look.order] } : {}),
    ...(look.widths ? { columnsWidth: { ...look.widths } } : {}),
    ...(look.across ? { gridWidth: look.across } : {}),
  };
}

export const differs = (look: Look, view: View | undefined): boolean => {
  const kept: Look = { layout: 'rows', widths: {}, ...lookOf(view?.data) };
  return (Object.keys(look) as Array<keyof Look>).some((key) => JSON.stringify(look[key]) !== JSON.stringify(kept[key]));
};

/** All columns in the order that was chosen; those that the order does not know stand where they usually do. */
export function inOrder(table: readonly TableColumn[], order: readonly string[] | undefined): TableColumn[] {
  if (!order) return [...table];
  const place = new Map(order.map((wire, index) => [wire, index]));
  const known = table.filter((column) => place.has(column.wire)).sort((a, b) => (place.get(a.wire) as number) - (place.get(b.wire) as number));
  const rows = [...known];
  for (const [index, column] of table.entries()) if (!place.has(column.wire)) rows.splice(Math.min(index, rows.length), 0, column);
  return rows;
}

export const isShown = (column: TableColumn, { hidden }: Look): boolean => (column.isFixed ? true : hidden ? !hidden.includes(column.wire) : column.usual);

/** The columns to draw, each as wide as was chosen. */
export const shownColumns = (table: readonly TableColumn[], look: Look): TableColumn[] =>
  inOrder(table, look.order).filter((column) => isShown(column, look)).map((column) => {
    const width = look.widths?.[column.wire];
    return width ? { ...column, width: `${width}px` } : column;
  });

export const withShown = (table: readonly TableColumn[], look: Look, column: TableColumn, shown: boolean): Look => ({
  hidden: table.filter((each) => (each === column ? !shown : !isShown(each, look))).map((each) => each.wire),
});

/** The order with a column moved past its neighbour. */
export function withMoved(table: readonly TableColumn[], look: Look, column: TableColumn, by: -1 | 1): Look {
  const order = inOrder(table, look.order).map((each) => each.wire);
  const from = order.indexOf(column.wire);
  const to = Math.max(0, Math.min(order.length - 1, from + by));
  order.splice(to, 0, ...order.splice(from, 1));
  return { order };
}

export const withWidth = (look: Look, column: TableColumn, width: number | undefined): Look => {
  const { [column.wire]: _, ...others } = look.widths ?? {};
  return { widths: width === undefined ? others : { ...others, [column.wire]: Math.round(Math.max(NARROWEST_PX, Math.min(WIDEST_PX, width))) } };
};
