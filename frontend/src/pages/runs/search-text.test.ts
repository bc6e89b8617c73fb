import { expect, test } from 'vitest';
import { complete, filterOf, nameIn, tokensOf, wrongStretch } from './search-text';
import { withValue } from './runs';

const columns = { metrics: ['loss', 'val loss'], params: ['lr', 'in'], tags: ['team'] };
const offered = (text: string) => complete(text, text.length, columns).found.map(({ text: offer }) => offer);

test('a search falls into names, operators, values and what joins them', () => {
  const kinds = tokensOf("metrics.`val loss` >= 0.5 and params.in = 'a b' AND attributes.status IN ('FAILED')").map(({ kind }) => kind);
  expect(kinds).toEqual(['name', 'operator', 'number', 'and', 'name', 'operator', 'text', 'and', 'name', 'operator', 'list']);
});

test('names are completed by any part of them, the likeliest first', () => {
  expect(offered('loss')).toEqual(['metrics.loss ', 'metrics.`val loss` ']);
  expect(offered('team')).toEqual(['tags.team ']);
  expect(complete('metrics.lo < 1', 10, columns)).toMatchObject({ from: 0, to: 10 });
});

test('after a name come the operators that its kind knows, then values, then AND', () => {
  expect(offered('metrics.loss ')).toContain('< ');
  expect(offered('metrics.loss ')).not.toContain('LIKE ');
  expect(offered('params.lr ')).toEqual(['= ', '!= ', 'LIKE ', 'ILIKE ']);
  expect(offered('attributes.status = ')).toContain("'FAILED'");
  expect(offered('metrics.loss < 1 ')).toEqual(['AND ']);
  expect(offered('metrics.loss < 1 AND ')).toContain('params.lr ');
});

test('words without an operator look for the name of a run', () => {
  expect(filterOf(' bold loom ')).toBe("attributes.run_name ILIKE '%bold loom%'");
  expect(filterOf('metrics.loss < 1')).toBe('metrics.loss < 1');
  expect(filterOf('')).toBe('');
});

test('a mistake is marked where the server stopped', () => {
  expect(wrongStretch('metrics.loss <> 3', 13)).toEqual([13, 14]);
  expect(wrongStretch('metrics.loss <', undefined)).toEqual([13, 14]);
});

test('a group leads to the runs that have its value, within what was searched', () => {
  expect(withValue('metrics.loss < 1', 'params.batch size', '8')).toBe("metrics.loss < 1 AND params.`batch size` = '8'");
  expect(withValue(undefined, 'params.lr', null)).toBe('params.lr IS NULL');
  expect(nameIn('tags', 'mlflow.user')).toBe('tags.`mlflow.user`');
});
