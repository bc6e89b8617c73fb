import { expect, test } from 'vitest';
import type { View } from '../../api/types';
import { type Asked, EVERYTHING_ASKED, readAsked, searchFor } from './asked';

const VIEW: View = {
  id: 7, project: 1,
  data: { title: 'Days', ordering: ['-tasks:id'], filters: { conjunction: 'or', items: [{ filter: 'filter:tasks:data.text', operator: 'contains', type: 'String', value: 'day' }] } },
};
const day = { column: 'data.text', operator: 'contains', value: 'day' };
const night = { column: 'data.text', operator: 'contains', value: 'night' };

test.each<[string, Asked, View | undefined, object]>([
  ['everything', EVERYTHING_ASKED, undefined, {}],
  ['a filter', { ...EVERYTHING_ASKED, filters: [day] }, undefined, { where: 'data.text:contains:day' }],
  ['a view as it was saved', { filters: [day], match: 'or', sort: '-tasks:id' }, VIEW, { view: 7 }],
  ['a view without its filters and its order', { filters: [], match: 'or', sort: undefined }, VIEW, { view: 7, where: 'all', sort: 'tasks:id' }],
  ['a view that matches otherwise', { filters: [day, night], match: 'and', sort: '-tasks:id' }, VIEW, { view: 7, where: 'data.text:contains:day;data.text:contains:night', match: 'and' }],
])('%s stands in the address and reads back', (_, asked, view, search) => {
  expect(searchFor(asked, view)).toEqual(search);
  expect(readAsked(search, view)).toEqual(asked);
});
