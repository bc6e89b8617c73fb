import { describe, expect, test } from 'vitest';
import fc from '../../test-examples';
import type { Column } from '../../api/types';
import { type Filter, fromItem, joinParts, parseWhere, partsOf, sentenceOf, toItem, writeWhere } from './filters';

const COLUMNS: Column[] = [
  { id: 'id', title: 'ID', type: 'Number', target: 'tasks' },
  { id: 'completed_at', title: 'Completed', type: 'Datetime', target: 'tasks' },
  { id: 'annotators', title: 'Annotated by', type: 'List', target: 'tasks' },
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

test('values with commas keep their borders', () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (parts) => { expect(partsOf(joinParts(parts))).toEqual(parts); }));
});

test.each([
  [{ column: 'id', operator: 'in', value: '5,9' }, { min: 5, max: 9 }, 'Number'],
  [{ column: 'data.city', operator: 'in_list', value: 'Bonn,Halle%2C Saale' }, ['Bonn', 'Halle, Saale'], 'String'],
  [{ column: 'annotators', operator: 'contains', value: '3,4' }, [3, 4], 'List'],
  [{ column: 'labels', operator: 'not_contains', value: 'wheel' }, ['wheel'], 'List'],
  [{ column: 'data.unknown', operator: 'less', value: '7' }, 7, 'Number'],
])('%j travels as the server wants it and comes back', (filter, value, type) => {
  const item = toItem(filter, [...COLUMNS, { id: 'unknown', title: 'unknown', type: 'Unknown', target: 'tasks', parent: 'data' }]);
  expect([item.value, item.type]).toEqual([value, type]);
  expect(fromItem(item)).toEqual(filter);
});

test.each([
  [{ column: 'labels', operator: 'contains', value: 'wheel' }, ['Label', 'has', 'wheel']],
  [{ column: 'id', operator: 'greater', value: '7' }, ['Task', 'above', '7']],
  [{ column: 'id', operator: 'in', value: '7,9' }, ['Task', 'between', '7 and 9']],
  [{ column: 'completed_at', operator: 'empty', value: 'false' }, ['Labelled at', 'is not empty', '']],
  [{ column: 'annotators', operator: 'contains', value: '1,2' }, ['By', 'has', 'Ada or Bo']],
])('%j reads as a sentence', (filter, sentence) => {
  expect(sentenceOf(filter, COLUMNS, (id) => ['Ada', 'Bo'][id - 1] ?? '')).toEqual(sentence);
});
