import { expect, test } from 'vitest';
import { allColumns, chosenColumns, usualColumns, valuesOf } from './run-columns';

const all = allColumns({ metrics: ['loss', 'system/cpu'], params: ['lr'], tags: ['team', 'mlflow.log-model.history'] }, { experiments: new Map([['1', 'a']]), runAddress: () => null });

test('until somebody chooses, the run, its first metrics and parameters are shown, and none of the system', () => {
  expect(usualColumns(all)).toEqual(['attributes.run_name', 'attributes.status', 'attributes.start_time', 'attributes.duration', 'metrics.loss', 'params.lr']);
});

test('chosen columns come in their order behind the name of the run; those that are gone are left out', () => {
  const shown = chosenColumns(all, ['tags.team', 'metrics.gone', 'metrics.loss'], { 'metrics.loss': 300 });
  expect(shown.map(({ id, width_px }) => [id, width_px])).toEqual([['attributes.run_name', 220], ['tags.team', 130], ['metrics.loss', 300]]);
  expect(valuesOf(shown)).toEqual({ metrics: ['loss'], params: [], tags: ['team'] });
});

test('what MLflow writes down for itself makes no column', () => {
  expect(all.some(({ id }) => id === 'tags.mlflow.log-model.history')).toBe(false);
});
