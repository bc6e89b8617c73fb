import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Column } from '../../api/types';
import { type Filter, fromItem, parseWhere, sentenceOf, toItem, writeWhere } from './filters';

const COLUMNS: Column[] = [
  { id: 'id', title: 'ID', type: 'Number', target: 'tasks' },
  { id: 'completed_at', title: 'Completed', type: 'Datetime', target: 'tasks' },
  { id: 'annotations_results', title: 'Annotation results', type: 'String', target: 'tasks' },
  { id: 'city', title: 'city', type: 'String', target: 'tasks', parent: 'data' },
];

describe('filters in the address', () => {
  test('any filters come back as they were written', () => {
    const filter = fc.record({ column: fc.string({ minLength: 1 }), operator: fc.constantFrom('equal', 'contains', 'empty'), value: fc.string() });
    fc.assert(fc.property(fc.array(filter), (filters) => { expect(parseWhere(writeWhere(filters))).toEqual(filters); }));
  });

  test('no filters leave nothing in the address', () => {
    expect(writeWhere([])).toBeUndefined();
    expect(parseWhere(undefined)).toEqual([]);
  });

  test('a mangled address gives the filters that can still be read', () => {
    expect(parseWhere('%zz:equal:1;;id:equal:3;nonsense')).toEqual([{ column: '%zz', operator: 'equal', value: '1' }, { column: 'id', operator: 'equal', value: '3' }]);
  });
});

describe('filters on the wire', () => {
  test('a value takes the type of its column', () => {
    expect(toItem({ column: 'id', operator: 'greater', value: '5' }, COLUMNS)).toEqual({ filter: 'filter:tasks:id', operator: 'greater', type: 'Number', value: 5 });
    expect(toItem({ column: 'data.city', operator: 'contains', value: '5' }, COLUMNS)).toEqual({ filter: 'filter:tasks:data.city', operator: 'contains', type: 'String', value: '5' });
    expect(toItem({ column: 'completed_at', operator: 'empty', value: 'true' }, COLUMNS).value).toBe(true);
  });

  test('a saved view reads back into the same filter', () => {
    const filter: Filter = { column: 'data.city', operator: 'contains', value: 'Bonn' };
    expect(fromItem(toItem(filter, COLUMNS))).toEqual(filter);
  });
});

test('a filter reads as a sentence', () => {
  expect(sentenceOf({ column: 'annotations_results', operator: 'contains', value: 'wheel' }, COLUMNS)).toEqual(['Label', 'has', 'wheel']);
  expect(sentenceOf({ column: 'id', operator: 'greater', value: '7' }, COLUMNS)).toEqual(['Task', 'above', '7']);
  expect(sentenceOf({ column: 'completed_at', operator: 'empty', value: 'false' }, COLUMNS)).toEqual(['Labelled', 'is not empty', '']);
});
