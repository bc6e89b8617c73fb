import { expect, test } from 'vitest';
import type { Lineage } from '../../api/lineage';
import { drawLineage, GAP, nodeWidthIn, stepFrom } from './layout';

const lineage = (...edges: Array<[from: string, to: string]>): Lineage => ({
  nodes: [...new Set(edges.flat())].map((id) => ({ id, kind: id.split(':')[0] as string, title: id, detail: null, at: null, href: null })),
  edges: edges.map(([from, to]) => ({ from, to })), more: [],
});

const GRAPH = lineage(['commit:images', 'task:1'], ['task:1', 'annotation:1'], ['task:1', 'annotation:2'], ['annotation:1', 'commit:labels'], ['annotation:2', 'commit:labels'], ['commit:other', 'commit:labels']);
const placeIn = (drawing: ReturnType<typeof drawLineage>, id: string) => drawing.places.find(({ node }) => node.id === id);

test('everything stands to the right of what it is made of', () => {
  const drawing = drawLineage(GRAPH, 'annotation:1');
  for (const { from, to } of drawing.edges) expect(from.layer).toBeLessThan(to.layer);
  expect(placeIn(drawing, 'commit:other')?.layer).toBe(2);
  expect(drawing.columns).toBe(4);
});

test('what the node is made of and what came of it stand out', () => {
  const drawing = drawLineage(GRAPH, 'annotation:1');
  expect(drawing.places.map(({ node, role }) => `${node.id} ${role}`)).toEqual(expect.arrayContaining(['annotation:1 self', 'task:1 above', 'commit:images above', 'commit:labels below', 'annotation:2 beside']));
  expect(drawing.edges.filter(({ isOnPath }) => isOnPath).map(({ from, to }) => `${from.node.id} ${to.node.id}`)).toEqual(['commit:images task:1', 'task:1 annotation:1', 'annotation:1 commit:labels']);
});

test('no two nodes share a place', () => {
  const { places } = drawLineage(GRAPH, 'task:1');
  expect(new Set(places.map(({ layer, row }) => `${layer} ${row}`)).size).toBe(places.length);
});

test('the arrows follow the lines', () => {
  const drawing = drawLineage(GRAPH, 'annotation:1');
  const step = (id: string, key: string) => stepFrom(drawing, placeIn(drawing, id)!, key)?.node.id;
  expect(step('commit:images', 'ArrowRight')).toBe('task:1');
  expect(step('task:1', 'ArrowLeft')).toBe('commit:images');
  expect(step('commit:images', 'ArrowLeft')).toBeUndefined();
  expect(['annotation:2', 'annotation:1']).toContain(step('annotation:1', 'ArrowDown') ?? step('annotation:2', 'ArrowDown'));
});

test('nodes take the room that there is, and no more than they need', () => {
  expect(nodeWidthIn(1220, 1)).toBe(nodeWidthIn(1220, 2));
  const four = nodeWidthIn(1220, 4);
  expect(four).toBeGreaterThan(nodeWidthIn(1220, 6));
  expect(4 * four + 3 * GAP).toBeLessThanOrEqual(1220);
  expect(nodeWidthIn(400, 9)).toBe(188);
});

test('a circle is drawn too', () => expect(drawLineage(lineage(['a:1', 'b:1'], ['b:1', 'a:1']), 'a:1').places).toHaveLength(2));
