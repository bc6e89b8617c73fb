import { expect, test } from 'vitest';
import { addressOfTask, mediaAddress, readAddress } from './address.ts';

test.each([
  ['http://h/projects/4/label', { projectId: 4, taskId: null, bench: false }],
  ['http://h/a/b/projects/4/label/?task=12&bench=1', { projectId: 4, taskId: 12, bench: true }],
  ['http://h/projects/4/label?task=x', { projectId: 4, taskId: null, bench: false }],
  ['http://h/projects/4/data', null],
])('%s is read', (href, address) => {
  expect(readAddress(href)).toEqual(address);
});

test('the address names the task and keeps the rest', () => {
  expect(addressOfTask('http://h/projects/4/label?bench=1', 9)).toBe('http://h/projects/4/label?bench=1&task=9');
  expect(addressOfTask('http://h/projects/4/label?task=9', null)).toBe('http://h/projects/4/label');
});

test('media of the server lies below its prefix, others stay where they are', () => {
  expect(mediaAddress('/data/upload/1/a.jpg', 'http://h/p/')).toBe('http://h/p/data/upload/1/a.jpg');
  expect(mediaAddress('/api/storages/items/3/a.jpg', 'http://h/p/')).toBe('http://h/p/api/storages/items/3/a.jpg');
  expect(mediaAddress('https://x/a.jpg', 'http://h/p/')).toBe('https://x/a.jpg');
});
