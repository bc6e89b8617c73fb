import { expect, test } from 'vitest';
import type { LsResult } from '../../editor/model/types.ts';
import { chooseOpening } from './opening.ts';
import { freshWork } from './saving/work.ts';
import type { WireProject, WireTask } from './wire.ts';

const user = { id: 7, email: 'a@example.com' };
const project: WireProject = { id: 3, title: '', label_config: '' };
const box = (id: string): LsResult => ({ id, from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: {} });
const task = (over: Partial<WireTask> = {}): WireTask => ({ id: 1, data: {}, ...over });
const ids = (results: readonly LsResult[]): string[] => results.map((item) => item.id);

test('a new task shows the proposals of the model of the project', () => {
  const predictions = [
    { id: 1, model_version: 'old', result: [box('o')] },
    { id: 2, model_version: 'new', result: [box('n')] },
  ];
  expect(chooseOpening(task({ predictions }), { ...project, model_version: 'old' }, user, undefined, null)).toMatchObject({
    results: [],
    modelVersion: 'old',
    parentPrediction: 1,
    predictions: [{ result: [box('o')] }],
  });
  expect(chooseOpening(task({ predictions }), project, user, undefined, null).modelVersion).toBe('new');
  const hidden = { ...project, show_collab_predictions: false };
  expect(chooseOpening(task({ predictions }), hidden, user, undefined, null).predictions).toEqual([]);
});

test('the own draft goes before the own annotation, and that of others is not opened', () => {
  const annotations = [{ id: 11, completed_by: 8, result: [box('x')] }, { id: 12, completed_by: { id: 7 }, result: [box('m')] }];
  expect(ids(chooseOpening(task({ annotations }), project, user, undefined, null).results)).toEqual(['m']);
  const drafts = [{ id: 1, annotation: 12, user: 'a@example.com', result: [box('d')] }];
  expect(ids(chooseOpening(task({ annotations, drafts }), project, user, undefined, null).results)).toEqual(['d']);
});

test('an annotated task makes no proposals', () => {
  const annotations = [{ id: 12, completed_by: 7, result: [] }];
  const predictions = [{ id: 1, result: [box('p')] }];
  expect(chooseOpening(task({ annotations, predictions }), project, user, undefined, null).predictions).toEqual([]);
});

test('unsent work of this browser goes before everything', () => {
  const drafts = [{ id: 1, result: [box('d')] }];
  const kept = { ...freshWork(7, 3, 1, 0), result: [box('k')], change: 1, leadTimeS: 9 };
  const opening = chooseOpening(task({ drafts }), project, user, kept, null);
  expect(ids(opening.results)).toEqual(['k']);
  expect(opening).toMatchObject({ isRestored: true, leadTimeS: 9 });
});

test('proposals that were put away stay away', () => {
  const predictions = [{ id: 1, result: [box('p'), box('q')] }];
  const kept = { ...freshWork(7, 3, 1, 0), dismissed: ['p'] };
  expect(chooseOpening(task({ predictions }), project, user, kept, null).predictions).toEqual([{ result: [box('q')] }]);
});
