import { expect, test } from 'vitest';
import type { TableColumn } from './columns';
import { dataOf, differs, inOrder, lookOf, shownColumns, withMoved, withShown, withWidth } from './look';

const column = (id: string, usual = true): TableColumn => ({ id, wire: `tasks:${id}`, title: id, width: '80px', usual, cell: () => null });
const TABLE = [column('id'), column('status'), column('score', false), column('added')];
const ids = (columns: readonly TableColumn[]) => columns.map(({ id }) => id).join(' ');

test('a view keeps how it looks', () => {
  const look = { layout: 'grid', hidden: ['tasks:added'], order: ['tasks:id'], widths: { 'tasks:id': 99 }, across: 6 } as const;
  expect(lookOf(dataOf(look))).toEqual(look);
  expect(differs(look, { id: 1, project: 1, data: dataOf(look) })).toBe(false);
  expect(differs({ across: 7 }, { id: 1, project: 1, data: dataOf(look) })).toBe(true);
});

test('columns are hidden, moved and widened one by one', () => {
  expect(ids(shownColumns(TABLE, {}))).toBe('id status added');
  expect(ids(shownColumns(TABLE, withShown(TABLE, {}, TABLE[2]!, true)))).toBe('id status score added');
  expect(ids(inOrder(TABLE, withMoved(TABLE, {}, TABLE[3]!, -1).order))).toBe('id status added score');
  expect(shownColumns(TABLE, withWidth({}, TABLE[0]!, 9999))[0]?.width).toBe('640px');
  expect(withWidth({ widths: { 'tasks:id': 99 } }, TABLE[0]!, undefined)).toEqual({ widths: {} });
});

test('a column that came after the order was kept stands at its usual place', () => {
  expect(ids(inOrder(TABLE, ['tasks:added', 'tasks:id']))).toBe('added status score id');
});
