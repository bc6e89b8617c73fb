import { expect, test } from 'vitest';
import { axisOf, type Row } from './axes';

const row = (id: string, values: Row['values']): Row => ({ id, name: id, style: 0, values });

test('parameters that are numbers get an axis of numbers, others one of words', () => {
  const rows = [row('a', { lr: '0.1', kind: 'adam' }), row('b', { lr: '0.3', kind: 'sgd' })];
  const [lr, kind] = [axisOf(rows, 'lr', [100, 0]), axisOf(rows, 'kind', [100, 0])];
  expect(lr.isNumber).toBe(true);
  expect(lr.place('0.1')).toBeGreaterThan(lr.place('0.3'));
  expect(kind.marks.map(({ words }) => words)).toEqual(['adam', 'sgd']);
  expect(kind.place('sgd')).toBe(25);
});

test('a run without a value, or with NaN, has no place', () => {
  const rows = [row('a', { loss: 1 }), row('b', { loss: Number.NaN }), row('c', {})];
  const axis = axisOf(rows, 'loss', [100, 0]);
  expect([axis.place(Number.NaN), axis.place(undefined)]).toEqual([Number.NaN, Number.NaN]);
  expect(axis.isNumber).toBe(true);
});
