import { expect, test } from 'vitest';
import type { Builtin, Evaluation, ModelVersion, Training, UnknownLabels } from '../../api/learning';
import { curvesOf, figure, judgedBy } from './curves';
import { placeOfWords } from './training-chart';
import { settingsIn, USUAL_SETTINGS, valuesOf, wrongWithParam } from './params';
import { choiceOf, classesIn, settingOf } from './unknown';
import { change, foundTogether, knowsNothing, nameOfVersion, pairOf, scoreRows, seenBy, verdictOn } from './words';

const measured = (version: string, value: number | null, labels: Record<string, number> = {}): Evaluation => ({
  metric: 'mAP50', reason: '', value, task_count: 240, seen: false, version, labels: Object.entries(labels).map(([label, each]) => ({ label, value: each, precision: each, recall: each, support: 9 })),
});
const version = (number: number, more: Partial<ModelVersion> = {}) => ({ id: number, number, name: `v${number}`, training: number, is_serving: false, ...more }) as ModelVersion;

test('a version is called better only by as much as two places show', () => {
  const made = { id: 4, number: 4, name: 'v4' };
  const say = (value: number, serving: number | null) => verdictOn({ version: made, evaluation: measured('v4', value), serving_evaluation: serving === null ? null : measured('v3', serving) });
  expect(say(0.84, 0.74)).toEqual({ tone: 'good', text: 'mAP50 0.84 on 240 held-out tasks; what serves reaches 0.74: it is better by 0.10.' });
  expect(say(0.741, 0.744)?.tone).toBe('warn');
  expect(say(0.5, 0.74)).toMatchObject({ tone: 'bad', text: expect.stringContaining('worse by 0.24') });
  expect(say(0.5, null)?.tone).toBe('');
  expect(change(-0.001)).toBe('0.00');
});

test('two versions are said to stand on the same tasks only where they do', () => {
  const trainings = [{ id: 3, evaluation: measured('v3', 0.9), serving_evaluation: measured('v2', 0.8) }, { id: 2, evaluation: measured('v2', 0.7), serving_evaluation: null }, { id: 1, evaluation: measured('v1', 0.5), serving_evaluation: null }] as unknown as Training[];
  const versions = [version(1), version(2), version(3, { is_serving: true })];
  expect(pairOf(version(3), versions, trainings)).toMatchObject({ isSame: true, before: { name: '2', evaluation: { value: 0.8 } }, after: { name: '3' } });
  expect(pairOf(version(2), versions, trainings)).toMatchObject({ isSame: true, before: { name: '2', evaluation: { value: 0.8 } }, after: { name: '3', evaluation: { value: 0.9 } } });
  expect(pairOf(version(1), versions, trainings)).toMatchObject({ isSame: false, before: { name: '1', evaluation: { value: 0.5 } }, after: { name: '3' } });
  expect(pairOf(version(9), versions, trainings)).toBeUndefined();
});

test('labels with one trouble are one row that names them', () => {
  const rare = (label: string, times: number) => ({ code: 'label-rare', severity: 'look', text: `“${label}” was given ${times} times, fewer than 20: its score will be unsure`, count: times, tasks: [] }) as const;
  const rows = foundTogether([{ code: 'schema', severity: 'ok', text: 'Every result fits', count: 0, tasks: [] }, rare('4', 4), rare('a “b”', 3)]);
  expect(rows.map(({ found }) => found.map(({ text }) => text))).toEqual([['2 labels were given fewer than 20 times: their scores will be unsure. 4 (4), a “b” (3).'], ['Every result fits']]);
});

test('a label that only one of two versions knows is in the table, without a change', () => {
  const rows = scoreRows(measured('v2', 0.8, { car: 0.8, bus: 0.4 }), measured('v3', 0.9, { car: 0.9, tram: 0.7 }));
  expect(rows.map(({ label, before, after }) => [label, before, after])).toEqual([['car', 0.8, 0.9], ['tram', null, 0.7], ['bus', 0.4, null]]);
});

test('the curve is of the figure that the serving version is known by, the loss beside it on a height of its own', () => {
  const told = { figures: { 'train/box_loss': [[1, 4], [2, 2]], recall: [[1, 0.3]], 'metrics/mAP50(B)': [[1, 0.1], [2, 0.6]], empty: [] }, serving: { 'train/box_loss': 1, recall: 0.5, 'metrics/mAP50(B)': 0.74 } } as const;
  expect(judgedBy(told)).toBe('metrics/mAP50(B)');
  expect(judgedBy({ figures: told.figures, serving: {} })).toBe('metrics/mAP50(B)');
  const curves = curvesOf(told);
  expect(curves).toMatchObject({ main: { top: 1 }, loss: { name: 'train/box_loss', top: 4 }, serving: 0.74, firstStep: 1, lastStep: 2 });
  expect(curvesOf(told, 'recall').main?.name).toBe('recall');
  expect([figure(0.844), figure(0.0004), figure(1234)]).toEqual(['0.84', '4.0e-4', '1234']);
});

test('parameters are checked against what the model declares, and sent as numbers', () => {
  const epochs = { name: 'epochs', kind: 'int', default: 30, least: 1, most: 500, label: 'Epochs', help: '' } as const;
  expect(['0', '1.5', '501', '', 'x'].map((typed) => wrongWithParam(epochs, typed))).toEqual(['At least 1.', 'Type a whole number.', 'At most 500.', 'Type a number.', 'Type a number.']);
  expect(valuesOf([epochs, { ...epochs, name: 'device', kind: 'text' }], { epochs: '50', device: 'cpu' })).toEqual({ epochs: 50, device: 'cpu' });
  expect(valuesOf(USUAL_SETTINGS, { confidence: '0.4', image_size: ' ' })).toEqual({ confidence: 0.4 });
  expect(settingsIn('epochs = 20\n\nstart: best.pt')).toEqual({ values: { epochs: 20, start: 'best.pt' }, wrong: undefined });
  expect(settingsIn('twenty').wrong).toContain('twenty');
});

test('a table of classes comes back as it was set, and never guesses for the rest', () => {
  const settings: UnknownLabels[] = ['error', 'unlabelled', 'drop', { bus: 'Car', kite: null, dog: '', '*': '' }, { bus: 'Car', '*': null }, { bus: 'Car' }];
  for (const setting of settings) expect(settingOf(choiceOf(setting))).toEqual(setting);
  expect(choiceOf({ bus: 'Car' }).rest).toBe('error');
  expect(classesIn(['"bus" is no label of the control "box". Its labels: "Car".', 'timeout', '"ape" is no label of "x", "bus" is no label of'])).toEqual(['ape', 'bus']);
});

test('what a version has learnt of the tasks that it is measured on is told', () => {
  expect(seenBy('3', measured('v3', 0.9))).toBe('');
  expect(seenBy('3', { ...measured('v3', 0.9), seen: true, seen_count: 12 })).toBe('Version 3 has learnt from 12 of these 240 tasks: its scores may be too good.');
  expect(seenBy('3', { ...measured('v3', 0.9), seen: true })).toContain('chose itself');
});

test('a version is called by its model and its number, and what nobody knows by what it says itself', () => {
  const cars = { id: 1, title: 'Cars', builtin: '', versions: [{ name: '20261122T071009Z-7fe696', number: 3 }] };
  expect(nameOfVersion('20261122T071009Z-7fe696', [cars])).toBe('Cars, version 3');
  expect(nameOfVersion('5 nearest neighbours', [cars])).toBe('5 nearest neighbours');
});

test('there is nothing to ask a built-in model that has not learnt, but for one with weights to begin from', () => {
  const builtins = [{ name: 'sorter', starts: [] }, { name: 'finder', starts: ['small'] }] as unknown as Builtin[];
  const of = (builtin: string, serving: { id: number; name: string; number: number } | null = null) => knowsNothing({ builtin, serving_version: serving }, builtins);
  expect([of('sorter'), of('finder'), of(''), of('sorter', { id: 1, name: 'a', number: 1 })]).toEqual([true, false, false, false]);
});

test('the words beside the line to beat stand at its end, and where no curve goes through them', () => {
  const [right, left] = [{ isLeft: false, isBelow: false }, { isLeft: true, isBelow: false }];
  expect(placeOfWords([], 60, 600)).toEqual(right);
  expect(placeOfWords([[560, 50]], 60, 600)).toEqual({ ...right, isBelow: true });
  expect(placeOfWords([[560, 50], [560, 70]], 60, 600)).toEqual(left);
  expect(placeOfWords([[560, 50], [560, 70], [60, 50]], 60, 600)).toEqual({ ...left, isBelow: true });
  expect(placeOfWords([], 12, 600).isBelow).toBe(true);
});
