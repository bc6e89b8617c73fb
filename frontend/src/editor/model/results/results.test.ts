import { expect, it } from 'vitest';
import fc from '../../../test-examples';
import { parseConfig } from '../config/parse';
import { Editor } from '../editor';
import type { LsResult } from '../types';

const CONFIG = parseConfig(`<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="A"/><Label value="B"/></RectangleLabels>
  <PolygonLabels name="poly" toName="img"><Label value="A"/></PolygonLabels>
  <EllipseLabels name="oval" toName="img"><Label value="A"/></EllipseLabels>
  <KeyPointLabels name="dot" toName="img"><Label value="A"/></KeyPointLabels>
  <Text name="t" value="$text"/>
  <Labels name="ner" toName="t"><Label value="A"/></Labels>
  <Choices name="ok" toName="img"><Choice value="yes"/><Choice value="no"/></Choices>
</View>`);
const TEXT = 'Ann \u{1F600} met\r\nBob \u{1F469}‍\u{1F680} in 東京.';
const CODE_POINTS = [...TEXT].length;

function opened(results: readonly LsResult[]): Editor {
  const editor = new Editor(CONFIG);
  editor.load(results, [], new Map([['img', { width: 1013, height: 677 }]]), new Map([['t', TEXT]]));
  return editor;
}

const percent = fc.double({ min: 0, max: 100, noNaN: true });
const labels = fc.constantFrom(['A'], ['B'], ['gone from the config'], ['A', 'B']);
const extra = fc.dictionary(fc.constantFrom('meta', 'ours', 'parentID'), fc.jsonValue());

function picture(type: string, from_name: string, value: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc.tuple(fc.record({ ...value, [type]: labels }), extra, extra).map(([known, unknown, around]) => ({
    ...around,
    from_name,
    to_name: 'img',
    type,
    value: { ...unknown, ...known },
    original_width: 1013,
    original_height: 677,
    image_rotation: 90,
  }));
}

const degrees = fc.double({ min: 0, max: 360, noNaN: true });
const rectangle = picture('rectanglelabels', 'box', { x: percent, y: percent, width: percent, height: percent, rotation: degrees });
const ellipse = picture('ellipselabels', 'oval', { x: percent, y: percent, radiusX: percent, radiusY: percent, rotation: degrees });
const keypoint = picture('keypointlabels', 'dot', { x: percent, y: percent, width: percent });
const polygon = picture('polygonlabels', 'poly', {
  points: fc.array(fc.tuple(percent, percent), { minLength: 1, maxLength: 9 }),
  closed: fc.boolean(),
});
const span = fc
  .tuple(fc.nat({ max: CODE_POINTS }), fc.nat({ max: CODE_POINTS }), labels)
  .map(([a, b, marked]) => ({
    from_name: 'ner',
    to_name: 't',
    type: 'labels',
    value: { start: Math.min(a, b), end: Math.max(a, b), text: 'as it was', labels: marked },
  }));
const unknown = fc.record({ from_name: fc.constantFrom('box', 'nobody'), type: fc.constantFrom('brushlabels', 'relation'), value: fc.jsonValue() });
const choice = fc.record({
  from_name: fc.constant('ok'), to_name: fc.constant('img'), type: fc.constant('choices'),
  value: fc.record({ choices: fc.constantFrom(['yes'], ['no'], [['nested', 'choice']]) }),
});
const origin = fc.constantFrom('manual', 'prediction', 'prediction-changed');
const anyResult = fc
  .tuple(fc.oneof(rectangle, ellipse, keypoint, polygon, span, unknown, choice), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), origin)
  .map(([result, id, from]) => ({ ...result, id, origin: from }) as unknown as LsResult);
/** As they come over the wire. */
const anyResults = fc.array(anyResult, { maxLength: 12 }).map((results) => JSON.parse(JSON.stringify(results)) as LsResult[]);

it('whatever is read is written again as it was, shared ids and unknown keys included', () => {
  fc.assert(
    fc.property(anyResults, (results) => {
      const source = structuredClone(results);
      expect(opened(results).results()).toStrictEqual(source);
      expect(results).toStrictEqual(source);
    }),
  );
});

it('whatever is done and undone leaves the results as they were', () => {
  const act = fc.record({ kind: fc.constantFrom('nudge', 'rotate', 'remove', 'relabel', 'duplicate'), at: fc.nat(), by: fc.integer({ min: -40, max: 40 }) });
  fc.assert(
    fc.property(anyResults, fc.array(act, { maxLength: 8 }), (results, acts) => {
      const editor = opened(results);
      const before = editor.results();
      const regionsBefore = editor.store.all();
      for (const { kind, at, by } of acts) {
        const region = editor.store.all()[at % Math.max(1, editor.store.size)];
        if (region === undefined) break;
        editor.selection.set([region.id]);
        if (kind === 'nudge') editor.nudge(by, -by);
        if (kind === 'rotate') editor.rotate([region.id], by);
        if (kind === 'remove') editor.remove([region.id]);
        if (kind === 'relabel') editor.relabel([region.id], by > 0 ? 'A' : 'B');
        if (kind === 'duplicate') editor.duplicate([region.id]);
      }
      const after = editor.results();
      while (editor.history.undo());
      expect(editor.store.all()).toStrictEqual(regionsBefore);
      expect(editor.results()).toStrictEqual(before);
      while (editor.history.redo());
      expect(editor.results()).toStrictEqual(after);
    }),
  );
});

it('what was written is read as the same regions', () => {
  fc.assert(
    fc.property(fc.array(rectangle, { maxLength: 5 }), (items) => {
      const editor = opened(items.map((item, i) => ({ ...item, id: `r${i}` }) as unknown as LsResult));
      editor.selection.set(editor.store.all().map(({ id }) => id));
      editor.nudge(1.5, 0.25);
      const again = opened(editor.results());
      for (const region of editor.store.all()) {
        const other = again.store.get(region.id)!;
        for (const [key, size] of Object.entries(region.shape)) {
          const read = (other.shape as unknown as Record<string, unknown>)[key];
          if (typeof size === 'number') expect(read).toBeCloseTo(size, 9);
          else expect(read).toBe(size);
        }
      }
    }),
  );
});

it('a moved region keeps the numbers that did not change, and its unknown keys', () => {
  const editor = opened([
    {
      id: 'r1', from_name: 'box', to_name: 'img', type: 'rectanglelabels', origin: 'manual', meta: { text: ['note'] },
      value: { x: 10.123456789, y: 20.1, width: 30.3, height: 15.7, rotation: 0, rectanglelabels: ['A'], ours: 1 },
      original_width: 1013, original_height: 677, image_rotation: 0,
    },
  ]);
  editor.selection.set(['r1']);
  editor.nudge(0, 5);
  const [moved] = editor.results();
  expect(moved!.value).toEqual({
    x: 10.123456789, y: expect.closeTo(20.1 + 500 / 677, 9) as number, width: 30.3, height: 15.7, rotation: 0, rectanglelabels: ['A'], ours: 1,
  });
  expect(moved!.meta).toEqual({ text: ['note'] });
});

it('results about a region follow its geometry, and keep their own text', () => {
  const geometry = { x: 10, y: 10, width: 10, height: 10, rotation: 0 };
  const editor = opened([
    { id: 'r1', from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: { ...geometry, rectanglelabels: ['A'] } },
    { id: 'r1', from_name: 'note', to_name: 'img', type: 'textarea', value: { ...geometry, text: ['hello'] } },
  ]);
  editor.selection.set(['r1']);
  editor.nudge(101.3, 0);
  const [own, note] = editor.results();
  expect(own!.value.x).toBeCloseTo(20, 9);
  expect(note!.value).toEqual({ ...geometry, x: own!.value.x, text: ['hello'] });
});

it('a new span counts code points and writes line breaks as two characters', () => {
  const editor = opened([]);
  editor.setActiveLabel('ner', 'A');
  const from = TEXT.indexOf('met');
  editor.addRegion({ kind: 'span', start: from, end: TEXT.indexOf(' in') }, 't');
  const [span] = editor.results();
  expect(span!.value).toEqual({ start: 6, end: [...TEXT.slice(0, TEXT.indexOf(' in'))].length, text: 'met\\n\\nBob \u{1F469}‍\u{1F680}', labels: ['A'] });
  expect(span!.origin).toBe('manual');
  expect(span).not.toHaveProperty('original_width');
});

it('a new rectangle is written in percent with the size of its picture', () => {
  const editor = opened([]);
  editor.setActiveLabel('box', 'B');
  const region = editor.addRegion({ kind: 'rectangle', x: 101.3, y: 67.7, width: 202.6, height: 338.5, rotation: 12.5 }, 'img')!;
  expect(editor.results()).toEqual([
    {
      id: region.id, from_name: 'box', to_name: 'img', type: 'rectanglelabels', origin: 'manual',
      original_width: 1013, original_height: 677, image_rotation: 0,
      value: {
        x: expect.closeTo(10, 9) as number, y: expect.closeTo(10, 9) as number,
        width: expect.closeTo(20, 9) as number, height: expect.closeTo(50, 9) as number,
        rotation: 12.5, rectanglelabels: ['B'],
      },
    },
  ]);
});

it.each([
  ['a rectangle without a width', { x: 1, y: 1, height: 2, rectanglelabels: ['A'] }],
  ['a rectangle whose x is text', { x: '1', y: 1, width: 2, height: 2, rectanglelabels: ['A'] }],
  ['labels that are no list', { x: 1, y: 1, width: 2, height: 2, rectanglelabels: 'A' }],
])('%s is kept as it is', (_, value) => {
  const result = { id: 'x', from_name: 'box', to_name: 'img', type: 'rectanglelabels', value } as LsResult;
  const editor = opened([result, null as unknown as LsResult, 7 as unknown as LsResult]);
  expect(editor.store.size).toBe(0);
  expect(editor.results()).toEqual([result, null, 7]);
});

it('a picture of unknown size takes the size that its result names', () => {
  const editor = new Editor(CONFIG);
  const result = {
    id: 'r', from_name: 'dot', to_name: 'img', type: 'keypointlabels', origin: 'manual',
    value: { x: 50, y: 50, width: 1, keypointlabels: ['A'] }, original_width: 200, original_height: 100,
  };
  editor.load([result], [], new Map(), new Map());
  expect(editor.store.get('r')!.shape).toEqual({ kind: 'keypoint', x: 100, y: 50, width: 1 });
  expect(editor.results()).toEqual([result]);
});
