import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tarOf } from './tar';

test('a real tar reads back what was packed, long and foreign names too', async () => {
  const long = `${'deep/'.repeat(40)}heron.txt`;
  const files = [
    { path: 'birds/heron.txt', file: new File(['grey'], 'heron.txt', { lastModified: 1_700_000_000_000 }) },
    { path: 'Vögel/Łabędź.txt', file: new File(['white'], 'x') },
    { path: long, file: new File(['x'.repeat(1025)], 'heron.txt') },
    { path: 'empty', file: new File([], 'empty') },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'tar-'));
  writeFileSync(join(folder, 'a.tar'), new Uint8Array(await tarOf(files).arrayBuffer()));
  execFileSync('tar', ['xf', 'a.tar'], { cwd: folder });
  expect(readFileSync(join(folder, 'birds/heron.txt'), 'utf8')).toBe('grey');
  expect(statSync(join(folder, 'birds/heron.txt')).mtimeMs).toBe(1_700_000_000_000);
  expect(readFileSync(join(folder, 'Vögel/Łabędź.txt'), 'utf8')).toBe('white');
  expect(statSync(join(folder, long)).size).toBe(1025);
  expect(statSync(join(folder, 'empty')).size).toBe(0);
});
