import { expect, test } from 'vitest';
import { actOf, changesOf, type Version } from './versions.ts';

const version = (part: Partial<Version>): Version => ({
  version: 2, is_current: true, action: 'updated', made_by: null, made_at: '2026-01-01T00:00:00Z', result_count: 3, was_cancelled: false, ground_truth: false, lead_time: null, added: 0, removed: 0, changed: 0, ...part,
});

test.each<[Partial<Version>, string, string]>([
  [{ version: 1, action: 'submitted' }, 'Submitted', '3 regions and answers'],
  [{ added: 2, changed: 1 }, 'Changed', '2 added, 1 changed'],
  [{ removed: 4, action: 'restored' }, 'Brought back', '4 removed'],
  [{ was_cancelled: true }, 'Skipped', 'nothing changed in what is marked'],
  [{ version: 1, action: null, result_count: 0 }, 'Submitted', 'nothing marked'],
])('%j reads as “%s: %s”', (part, act, changes) => {
  expect([actOf(version(part)), changesOf(version(part))]).toEqual([act, changes]);
});
