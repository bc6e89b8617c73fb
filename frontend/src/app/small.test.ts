import { describe, expect, test } from 'vitest';
import { pageOfMlflowLink } from './mlflow-links';
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

test('a link that MLflow’s client prints leads to our page of the same', () => {
  const workspaces = [{ id: 7, name: 'main', title: 'Main', role: 'owner' }];
  expect(pageOfMlflowLink('/experiments/1/runs/98bb?workspace=main', workspaces)).toBe('/runs/98bb?w=7');
  expect(pageOfMlflowLink('#/experiments/1?workspace=ws-7', workspaces)).toBe('/experiments/1?w=7');
  expect(pageOfMlflowLink('#/experiments/1/traces', workspaces)).toBe('/experiments/1/traces');
  expect(pageOfMlflowLink('#/models/a%2Fb/versions/2', workspaces)).toBe('/models/a%2Fb');
  for (const other of ['', '/experiments/..', '/experiments/1/../..//evil.example', '#/else/1', '/models/%E0%A4%A']) {
    expect(pageOfMlflowLink(other, workspaces) ?? '/').toMatch(/^\/(?![/\\])/);
  }
});
