import { describe, expect, test } from 'vitest';
import { ApiError } from '../../api/client';
import type { RepoFile } from '../../api/repos';
import { conflictsOf, sidesOf } from './conflicts';
import { kindOfPath, looksLikeText, prettyJson, stepsTo } from './content-kind';
import { labelledIn, pictureOfData, regionChanges, sentenceOfRegions } from './label-file';
import { globOf, wrongRefName, wrongRepoName } from './names';

const file = (path: string): RepoFile => ({ type: 'file', path, id: '01ff', size_bytes: 10, modified_at: '2026-11-21T00:00:00Z', metadata: {} });

test('JSON is indented with its numbers and strings as they are written', () => {
  expect(prettyJson('{"id":9007199254740993,"a":[1.0,{}, []],"b":"x, {\\" ]"}')).toBe('{\n  "id": 9007199254740993,\n  "a": [\n    1.0,\n    {},\n    []\n  ],\n  "b": "x, {\\" ]"\n}');
  expect(prettyJson('{"id": 1')).toBe('{"id": 1');
});

test('names are refused with the reason', () => {
  expect(wrongRepoName('images-2')).toBeUndefined();
  expect(wrongRepoName('a.b')).toMatch(/no dots/);
  expect(wrongRepoName('a b')).toMatch(/no blanks/);
  expect(wrongRefName('tag', 'v1.0', ['master'])).toBeUndefined();
  expect(wrongRefName('branch', 'v1.0', [])).toMatch(/Letters/);
  expect(wrongRefName('branch', 'v1', ['v1'])).toMatch(/already/);
  expect(wrongRefName('tag', 'a'.repeat(32), [])).toMatch(/id of a commit/);
});

test('what is typed finds files anywhere, a pattern where it says', () => {
  expect(globOf('moto')).toBe('**/*moto*');
  expect(globOf('*.png')).toBe('**/*.png');
  expect(globOf('/night/*.jpg')).toBe('night/*.jpg');
  expect(globOf('night/mo')).toBe('**night/mo**');
});

test('a file is known by its ending, its content type or its bytes', () => {
  expect(kindOfPath('a/B.JPG')).toBe('picture');
  expect(kindOfPath('12', { 'content-type': 'application/json' })).toBe('json');
  expect(kindOfPath('12')).toBe('other');
  expect(looksLikeText(new TextEncoder().encode('{"łabędź": 1}'))).toBe(true);
  expect(looksLikeText(new Uint8Array([80, 75, 0, 4]))).toBe(false);
  expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(prettyJson('{"a":')).toBe('{"a":');
});

test('a folder is reached step by step', () => expect(stepsTo('a/b/')).toEqual([{ name: 'a', folder: 'a/' }, { name: 'b', folder: 'a/b/' }]));

describe('a file of labels', () => {
  const region = (id: string, x: number) => ({ id, type: 'rectanglelabels', from_name: 'box', value: { x, rectanglelabels: ['Car'] } });

  test('is an annotation with its task, or a task with its annotations', () => {
    expect(labelledIn(JSON.stringify({ result: [region('a', 1)], task: { id: 7, data: { image: '/x.jpg' } } }))).toMatchObject({ task: 7, data: { image: '/x.jpg' } });
    expect(labelledIn(JSON.stringify({ id: 7, data: {}, annotations: [{ result: [region('a', 1)] }, { result: [region('b', 1)], was_cancelled: true }] }))?.results).toHaveLength(1);
    expect(labelledIn('{"a": 1}')).toBeUndefined();
    expect(labelledIn('[1]')).toBeUndefined();
  });

  test('tells which regions are new, gone or moved', () => {
    const changes = regionChanges([region('a', 1), region('b', 1)], [region('b', 2), region('c', 1), region('d', 1)]);
    expect(changes).toEqual({ added: 2, removed: 1, changed: 1 });
    expect(sentenceOfRegions(changes)).toBe('2 regions added, 1 removed, 1 changed');
    expect(sentenceOfRegions({ added: 0, removed: 0, changed: 0 })).toBe('');
  });

  test('shows its picture wherever the data names one', () => {
    expect(pictureOfData({ text: 'x', shot: '/api/storages/items/1/a.jpg' })).toMatch(/\/api\/storages\/items\/1\/a\.jpg$/);
    expect(pictureOfData({ image: 's3://bucket/a.jpg' })).toBeUndefined();
    const text = JSON.stringify({ id: 1, data: { image: '/api/storages/items/1/a.jpg' }, annotations: [{ result: [], updated_at: '2026-11-21T10:00:00Z' }, { result: [], updated_at: '2026-11-20T10:00:00Z' }] });
    const labelled = labelledIn(text);
    expect(pictureOfData(labelled?.data ?? {}, labelled?.at)).toMatch(/a\.jpg\?at=2026-11-21T10%3A00%3A00Z$/); // as it was then
    expect(pictureOfData({ image: '/api/repos/1/files/a.jpg' })).toMatch(/\/api\/repos\/1\/files\/a\.jpg$/);
    expect(pictureOfData({ image: '/logout/' })).toBeUndefined(); // nor a page of this server
  });
});

test('a refused merge names its conflicts, and each has the sides that are there', () => {
  const conflict = { path: 'a.json', base: file('a.json'), ours: file('a.json'), theirs: null };
  const refused = new ApiError('Both sides changed a.json.', 409, 'merge-conflicts', {}, { code: 'merge-conflicts', details: { conflicts: [conflict] } });
  expect(conflictsOf(refused)).toEqual([conflict]);
  expect(conflictsOf(new ApiError('It moved.', 409, 'branch-moved', {}, {}))).toBeUndefined();
  expect(sidesOf(conflict, 'strict', 'master').map(({ side }) => side)).toEqual(['ours', 'theirs', 'base']);
});
