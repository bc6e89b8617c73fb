import { expect, test } from 'vitest';
import { fieldsIn, type Storage, type StorageField } from '../../api/storages';
import { placeOf, sentenceOfCounts, sentValues, valuesOf } from './storage-words';

const FIELDS: StorageField[] = [
  { name: 'bucket', label: 'Bucket', type: 'text', required: true },
  { name: 'key', label: 'Key', type: 'password', secret: true },
  { name: 'every', label: 'Every', type: 'counter', default: 5 },
  { name: 'follow', label: 'Follow', type: 'toggle' },
];
const storage = (fields: Partial<Storage>): Storage => ({ id: 1, type: 's3', project: 1, title: '', created_at: '', status: 'completed', last_sync: null, last_sync_count: null, ...fields });

test('a form is read flat or in groups', () => {
  expect(fieldsIn(FIELDS).map(({ name }) => name)).toEqual(['bucket', 'key', 'every', 'follow']);
  expect(fieldsIn([{ columnCount: 2, fields: FIELDS.slice(0, 2) }, { fields: FIELDS.slice(2) }])).toHaveLength(4);
  expect(fieldsIn(null)).toEqual([]);
});

test('a kept secret is not overwritten by an empty field', () => {
  const kept = valuesOf(FIELDS, storage({ bucket: 'b', every: 3, follow: true }));
  expect(kept).toEqual({ bucket: 'b', key: '', every: 3, follow: true });
  expect(sentValues(FIELDS, kept, true)).toEqual({ bucket: 'b', every: 3, follow: true });
  expect(sentValues(FIELDS, { ...valuesOf(FIELDS), every: '7' }, false)).toEqual({ bucket: '', key: '', every: 7, follow: false });
});

test('a storage says where it points and what became of its files', () => {
  expect(placeOf(storage({ bucket: 'b', prefix: 'a/' }))).toBe('s3://b/a/');
  expect(placeOf(storage({ type: 'pachyderm', pach_repo: 'images', pach_branch: 'master' }))).toBe('images@master');
  expect(sentenceOfCounts({ new: 1, synced: 4, changed: 2, retired: 3 })).toBe('7 files: 1 new, 2 changed; 3 retired');
  expect(sentenceOfCounts({ synced: 1 })).toBe('1 file');
  expect(sentenceOfCounts(undefined)).toBe('');
});
