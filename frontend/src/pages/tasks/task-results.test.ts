import { expect, test } from 'vitest';
import type { TaskAnnotation, TaskDraft, TaskPrediction, TaskResult, TaskRow } from '../../api/types';
import { outlinesOf, shownResults, stretchesOf, tallyOf } from './task-results';

const span = (start: number, end: number, label: string): TaskResult => ({ type: 'labels', value: { start, end, labels: [label] } });

test('a task shows what a person made, begun, else what was predicted', () => {
  const predictions = [{ result: [span(0, 1, 'a')] }] as unknown as TaskPrediction[];
  const annotations = [{ was_cancelled: true, result: [] }, { was_cancelled: false, result: [span(0, 1, 'b')] }] as unknown as TaskAnnotation[];
  expect(shownResults({ annotations, predictions } as TaskRow)).toMatchObject({ isPredicted: false, results: [{ value: { labels: ['b'] } }] });
  expect(shownResults({ annotations: annotations.slice(0, 1), predictions } as TaskRow).isPredicted).toBe(true);
  const drafts = [{ result: [span(0, 1, 'c')] }] as unknown as TaskDraft[];
  expect(shownResults({ annotations: [], drafts, predictions } as unknown as TaskRow)).toMatchObject({ isPredicted: false, results: [{ value: { labels: ['c'] } }] });
});

test('shapes are drawn in the pixels of their picture; what has no outline is left out', () => {
  const results: TaskResult[] = [
    { type: 'rectanglelabels', value: { x: 10, y: 10, width: 50, height: 20, rotation: 30, rectanglelabels: ['car'] } },
    { type: 'ellipselabels', value: { x: 50, y: 50, radiusX: 5, radiusY: 10, ellipselabels: ['lamp'] } },
    { type: 'keypointlabels', value: { x: 50, y: 50, width: 1, keypointlabels: ['nose'] } },
    { type: 'polygonlabels', value: { points: [[0, 0], [100, 100]], polygonlabels: ['road'] } },
    { type: 'choices', value: { choices: ['day'] } },
    { type: 'brushlabels', value: { rle: [1], brushlabels: ['sky'] } },
  ];
  const outlines = outlinesOf(results, [200, 100]);
  expect(outlines.map((each) => [each.kind, each.label])).toEqual([['box', 'car'], ['oval', 'lamp'], ['point', 'nose'], ['line', 'road']]);
  expect(outlines[0]).toMatchObject({ x: 20, y: 10, width: 100, height: 20, turn_deg: 30 });
  expect(outlines[3]?.points).toEqual([[0, 0], [200, 100]]);
  expect(tallyOf(results)).toEqual({ car: 1, lamp: 1, nose: 1, road: 1, day: 1, sky: 1 });
});

test('points that are no pairs of numbers are left out, and so is a shape without any', () => {
  const line = (points: unknown): TaskResult => ({ type: 'vectorlabels', value: { points } });
  const outlines = outlinesOf([line([{ x: 1, y: 2 }]), line([null]), line('none'), line([[1, '2'], [10, 20, 5]])], [100, 100]);
  expect(outlines.map(({ points }) => points)).toEqual([[[10, 20]]]);
});

test('a snippet marks its spans, counted in code points, and begins near the first', () => {
  expect(stretchesOf('😀 Zoë flew', [span(2, 5, 'Person')], 50)).toEqual([{ text: '😀 ' }, { text: 'Zoë', label: 'Person' }, { text: ' flew' }]);
  const far = stretchesOf(`${'x'.repeat(500)}HERE${'y'.repeat(500)}`, [span(500, 504, 'Place')], 100);
  expect(far[0]).toEqual({ text: '…' });
  expect(far[2]).toEqual({ text: 'HERE', label: 'Place' });
});
