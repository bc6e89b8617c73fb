import { expect, it } from 'vitest';
import fc from '../../../test-examples';
import { shapeBounds, shapeHit } from '../../tags/registry';
import { boxesMeet } from '../geometry';
import { RecordStore } from '../store/record-store';
import type { Box, Region } from '../types';
import { IntervalIndex } from './intervals';
import { SpatialIndex } from './spatial';

function box(id: string, x: number, y: number, size = 10): Region {
  return {
    id, fromName: 'b', toName: 'img', labels: ['A'], origin: 'manual', suggested: false,
    shape: { kind: 'rectangle', x, y, width: size, height: size, rotation: 0 },
  };
}

function span(id: string, start: number, end: number): Region {
  return { ...box(id, 0, 0), toName: 't', shape: { kind: 'span', start, end } };
}

const coordinate = fc.integer({ min: 0, max: 300 });
const step = fc.record({ act: fc.constantFrom('add', 'add', 'move', 'remove', 'ask'), pick: fc.nat(), x: coordinate, y: coordinate });

it('finds what a look at every region finds, whatever changed', () => {
  fc.assert(
    fc.property(fc.nat({ max: 90 }), fc.array(step, { maxLength: 150 }), (count, steps) => {
      const store = new RecordStore();
      const start = Array.from({ length: count }, (_, i) => box(`s${i}`, (i * 37) % 300, (i * 91) % 300));
      store.load({ regions: start, answers: [], passthrough: [], order: [] });
      const index = new SpatialIndex();
      index.rebuild(store.all());
      store.subscribe((diff) => index.update(diff));
      steps.forEach(({ act, pick, x, y }, n) => {
        const region = store.all()[pick % Math.max(1, store.size)];
        const change = { added: [], removed: [], updated: [] };
        if (act === 'add') store.apply({ ...change, added: [box(`n${n}`, x, y)] });
        if (act === 'remove' && region) store.apply({ ...change, removed: [region] });
        if (act === 'move' && region) store.apply({ ...change, updated: [[region, box(region.id, x, y)]] });
        const area: Box = { minX: x, minY: y, maxX: x + 40, maxY: y + 25 };
        const wanted = store.all().filter(({ shape }) => boxesMeet(shapeBounds(shape), area));
        expect(index.query(area)).toEqual(wanted.map(({ id }) => id));
        const hit = store.all().filter(({ shape }) => shapeHit(shape, x, y, 3));
        expect(index.at(x, y, 3)).toEqual(hit.map(({ id }) => id).reverse());
      });
    }),
    { numRuns: 40 },
  );
});

it('a region that is removed and comes back lies where it lay in the pile', () => {
  const [a, b] = [box('a', 0, 0), box('b', 0, 0)];
  const index = new SpatialIndex();
  index.rebuild([a, b]);
  index.update({ added: [], removed: [a], updated: [] });
  index.update({ added: [a], removed: [], updated: [] });
  expect(index.at(5, 5, 0)).toEqual(['b', 'a']);
});

it('finds the spans around every character', () => {
  const range = fc.tuple(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), range, (ranges, [start, length]) => {
      const spans = ranges.map(([from, size], i) => span(`s${i}`, from, from + size));
      const index = new IntervalIndex('t', spans);
      const reaches = ({ shape }: Region): boolean => shape.kind === 'span' && shape.start < start + length && shape.end > start;
      const ids = (regions: readonly Region[]): string[] => regions.map(({ id }) => id).sort();
      expect(ids(index.query(start, start + length))).toEqual(ids(spans.filter(reaches)));
      index.update({ added: [], removed: spans.slice(0, 3), updated: [] });
      expect(ids(index.query(start, start + length))).toEqual(ids(spans.slice(3).filter(reaches)));
    }),
  );
});

it('gives the shortest span around a character first', () => {
  const index = new IntervalIndex('t', [span('long', 0, 30), span('short', 4, 9), span('other', 9, 12)]);
  expect(index.at(5).map(({ id }) => id)).toEqual(['short', 'long']);
});
