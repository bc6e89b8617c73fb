import { describe, expect, test } from 'vitest';
import { slugOf } from './new-workspace';
import { matches } from './palette-acts';
import { safeNext } from './router';

describe('where a sign-in leads', () => {
  test('is only ever inside this server', () => {
    expect(safeNext('/projects/1/data?where=id:equal:1')).toBe('/projects/1/data?where=id:equal:1');
    for (const evil of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', undefined, 7]) expect(safeNext(evil)).toBeUndefined();
  });
});

test('a workspace’s name has lower-case letters, digits and hyphens only', () => {
  expect(slugOf('  Équipe Vision: 2.0 ')).toBe('e-quipe-vision-2-0');
  expect(slugOf('???')).toBe('');
});

test('what is typed into the palette finds by beginnings and by parts', () => {
  expect(matches('Label the next task', 'next lab')).toBe(true);
  expect(matches('Account and tokens', 'oken')).toBe(true);
  expect(matches('Account and tokens', 'ok')).toBe(false);
});
