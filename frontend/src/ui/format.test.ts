import { expect, test } from 'vitest';
import { ago, bytes, colourOf, counted } from './format';

test('figures read as people write them', () => {
  expect([counted(1, 'task'), counted(2400, 'task'), counted(0, 'task')]).toEqual(['1 task', '2,400 tasks', '0 tasks']);
  expect([bytes(12), bytes(1500), bytes(123_456_789)]).toEqual(['12 B', '1.5 kB', '123 MB']);
});

test('the time since something is as short as a cell wants it', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  expect(['2026-11-21T11:59:30Z', '2026-11-21T11:58:00Z', '2026-11-21T10:30:00Z', '2026-11-01T12:00:00Z'].map((time) => ago(time, now))).toEqual(['now', '2 min', '1 h', '20 d']);
});

test('a person keeps their colour', () => {
  expect(colourOf('mina@example.com')).toBe(colourOf('mina@example.com'));
});
