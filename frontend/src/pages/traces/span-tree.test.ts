import { expect, test } from 'vitest';
import { barOf, buildTree, over, rowsInSight, spanTime, ticksOf } from './span-tree';
import { readSpans, raisedIn, type Span } from './spans';

const span = (id: string, parent: string | undefined, start: number, end: number | undefined = start + 1, rest: Partial<Span> = {}): Span => ({
  id, parent, name: id, kind: '', status: 'OK', message: '', start_ns: start * 1e9, end_ns: end === undefined ? undefined : end * 1e9, attributes: {}, events: [], ...rest,
});
const shapeOf = (spans: Span[]) => buildTree(spans).rows.map(({ span: { id }, depth, below }) => `${'  '.repeat(depth)}${id} ${below}`);

test('children stand below their parents in the order they began', () => {
  expect(shapeOf([span('b', 'a', 3), span('a', undefined, 1, 9), span('c', 'a', 2), span('d', 'c', 2)])).toEqual(['a 3', '  c 1', '    d 0', '  b 0']);
});

test('a span whose parent is missing stands at the top, and those that name each other are all there', () => {
  const tree = buildTree([span('a', 'gone', 2), span('x', 'y', 3), span('y', 'x', 4), span('own', 'own', 5)]);
  expect(tree.rows.map(({ span: { id }, depth }) => [id, depth])).toEqual([['a', 0], ['x', 0], ['y', 1], ['own', 0]]);
  expect(tree.orphans).toBe(1);
});

test('a chain of 20,000 spans is built, its errors counted up to the top', () => {
  const chain = Array.from({ length: 20_000 }, (_, at) => span(`${at}`, at === 0 ? undefined : `${at - 1}`, at + 1, 30_000, at === 19_999 ? { status: 'ERROR' } : {}));
  const tree = buildTree(chain.reverse());
  expect([tree.rows[0]?.below, tree.rows[0]?.errors, tree.rows.at(-1)?.depth]).toEqual([19_999, 1, 19_999]);
  expect(over(tree, 3)).toEqual(['2', '1', '0']);
});

test('what is below a closed span is out of sight; a search shows what fits and what is over it, closed or not', () => {
  const tree = buildTree([span('a', undefined, 1), span('b', 'a', 2), span('c', 'b', 3), span('d', 'a', 4)]);
  expect(rowsInSight(tree, new Set(['b']))).toEqual([0, 1, 3]);
  expect(rowsInSight(tree, new Set(['a', 'b']), ({ name }) => name === 'c')).toEqual([0, 1, 2]);
});

test('bars lie within the trace; one that has not ended reaches to its end', () => {
  const tree = buildTree([span('a', undefined, 1, 5), span('b', 'a', 2, 3), span('c', 'a', 4, undefined)]);
  const bars = tree.rows.map(({ span: each }) => barOf(each, tree));
  expect(bars).toEqual([[0, 1], [0.25, 0.25], [0.75, 0.25]]);
  expect(barOf(span('a', undefined, 1, 1), { start_ns: 1e9, end_ns: 1e9 })).toEqual([0, 1]);
});

test('times and the ruler are written as people read them', () => {
  expect([840e3, 12.4e6, 3.08e9, 125e9, 800, undefined].map(spanTime)).toEqual(['840 µs', '12.4 ms', '3.08 s', '2 min 5 s', '0.8 µs', '–']);
  expect(ticksOf(4.3e9, 5).map(spanTime)).toEqual(['0 µs', '1 s', '2 s', '3 s', '4 s']);
});

test('spans of every form that MLflow kept are read, and what is none is counted', () => {
  const now = { trace_id: 'x', span_id: 'AAAAAAAAAAE=', parent_span_id: null, name: 'root', start_time_unix_nano: 1000, end_time_unix_nano: 2000, status: { code: 'STATUS_CODE_ERROR', message: 'no' }, attributes: { 'mlflow.spanType': '"LLM"' }, events: [{ name: 'exception', time_unix_nano: 1500, attributes: { 'exception.type': 'ValueError', 'exception.message': 'no' } }] };
  const then = { name: 'old', context: { span_id: '0x2', trace_id: '0x1' }, parent_id: '0x1', start_time: 1000, end_time: null, status_code: 'OK', status_message: '', attributes: {}, events: [] };
  const { spans, broken } = readSpans([now, then, { name: 'no id' }, null, 'text']);
  expect(broken).toBe(3);
  expect(spans.map(({ id, parent, kind, status, end_ns }) => [id, parent, kind, status, end_ns])).toEqual([['0000000000000001', undefined, 'LLM', 'ERROR', 2000], ['0x2', '0x1', '', 'OK', undefined]]);
  expect(raisedIn(spans[0] as Span)).toEqual([{ type: 'ValueError', message: 'no', stack: '' }]);
});
