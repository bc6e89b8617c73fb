import type { ReactNode } from 'react';
import type { RunColumns, RunRow, RunStatus } from '../../api/tracking';
import { writeFigure } from '../../charts/figure';
import { Pill, type Tone } from '../../ui/parts';
import { agoOf, lasted, momentOf } from '../experiments/when';
import type { RowColumn } from './run-grid';
import { nameIn } from './search-text';

/** A column of the table of runs. Saved views and the address name it "metrics.loss", "attributes.status". */
export interface RunColumn extends RowColumn<RunRow> {
  kind: 'attributes' | 'metrics' | 'params' | 'tags';
  isFixed?: boolean;
}

const none = <span className="muted">–</span>;

export const STATUS_WORDS: Record<RunStatus, readonly [words: string, tone: Tone]> = {
  RUNNING: ['Running', 'accent'], SCHEDULED: ['Waiting', ''], FINISHED: ['Finished', 'good'], FAILED: ['Failed', 'bad'], KILLED: ['Stopped', 'warn'],
};

export function RunState({ status }: { status: RunStatus }) {
  const [words, tone] = STATUS_WORDS[status] ?? [status, ''];
  return <Pill tone={tone}>{words}</Pill>;
}

interface Surroundings {
  runAddress: (run: RunRow) => ReactNode;
  /** Names of experiments; more than one where runs of several are listed. */
  experiments: ReadonlyMap<string, string>;
}

const attribute = (key: string, rest: Omit<RunColumn, 'id' | 'kind' | 'key'>): RunColumn => ({ id: `attributes.${key}`, kind: 'attributes', key, ...rest });

/** Every column that there is for these runs: what all runs have, then metrics, parameters and tags. */
export function allColumns({ metrics, params, tags }: RunColumns, { runAddress, experiments }: Surroundings): RunColumn[] {
  return [
    attribute('run_name', { title: 'Run', width_px: 220, isFixed: true, sort: 'attributes.run_name', cell: runAddress }),
    attribute('status', { title: 'State', width_px: 104, sort: 'attributes.status', cell: ({ status }) => <RunState status={status} /> }),
    ...(experiments.size > 1 ? [attribute('experiment', { title: 'Experiment', width_px: 150, cell: ({ experiment_id }) => <span className="two">{experiments.get(experiment_id) ?? experiment_id}</span> })] : []),
    attribute('start_time', { title: 'Started', width_px: 92, number: true, sort: 'attributes.start_time', cell: ({ start_time }) => <span className="muted" title={momentOf(start_time)}>{agoOf(start_time)}</span> }),
    attribute('duration', { title: 'Took', width_px: 104, number: true, cell: ({ start_time, end_time, status }) => <span className="two">{status === 'RUNNING' || end_time ? lasted(start_time, end_time) : '–'}</span> }),
    attribute('user_id', { title: 'By', width_px: 120, sort: 'attributes.user_id', cell: ({ user }) => (user ? <span className="two">{user}</span> : none) }),
    ...metrics.map((key): RunColumn => ({ id: `metrics.${key}`, kind: 'metrics', key, title: key, width_px: 116, number: true, sort: nameIn('metrics', key), cell: ({ metrics: found }) => (key in found ? writeFigure(found[key]) : none) })),
    ...params.map((key): RunColumn => ({ id: `params.${key}`, kind: 'params', key, title: key, width_px: 116, sort: nameIn('params', key), cell: ({ params: found }) => (key in found ? <span title={found[key]}>{found[key]}</span> : none) })),
    ...tags.filter((key) => !key.startsWith('mlflow.') || SHOWN_TAGS.has(key)).map((key): RunColumn => ({ id: `tags.${key}`, kind: 'tags', key, title: key, width_px: 130, sort: nameIn('tags', key), cell: ({ tags: found }) => (key in found ? <span className="two" title={found[key]}>{found[key]}</span> : none) })),
  ];
}

const SHOWN_TAGS = new Set(['mlflow.source.name', 'mlflow.source.type', 'mlflow.source.git.commit', 'mlflow.parentRunId', 'mlflow.note.content', 'mlflow.user']);
const USUAL_METRICS = 5;
const USUAL_PARAMS = 4;

/** What is shown until somebody chooses: the run, how it stands, and the first of its metrics and parameters. */
export function usualColumns(all: readonly RunColumn[]): string[] {
  const first = (kind: RunColumn['kind'], most: number) => all.filter((each) => each.kind === kind && !each.key.startsWith('system/')).slice(0, most);
  return [...all.filter(({ kind, key }) => kind === 'attributes' && key !== 'user_id'), ...first('metrics', USUAL_METRICS), ...first('params', USUAL_PARAMS)].map(({ id }) => id);
}

/** The columns to draw, in the chosen order; the run's name is always there, and first. */
export const chosenColumns = (all: readonly RunColumn[], chosen: readonly string[] | undefined, widths: Readonly<Record<string, number>>): RunColumn[] => columnsInOrder(all, chosen ?? usualColumns(all), widths);

/** These columns of all, those that are fixed before them, as wide as somebody made them. */
export function columnsInOrder<Column extends { id: string; width_px: number; isFixed?: boolean }>(all: readonly Column[], chosen: readonly string[], widths: Readonly<Record<string, number>>): Column[] {
  const byId = new Map(all.map((column) => [column.id, column]));
  const ids = [...all.filter(({ isFixed }) => isFixed).map(({ id }) => id), ...chosen];
  return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []).map((column) => ({ ...column, width_px: widths[column.id] ?? column.width_px }));
}

/** What must be asked for so that these columns can be drawn. */
export const valuesOf = (columns: readonly RunColumn[]): RunColumns => {
  const keys = (kind: RunColumn['kind']) => columns.filter((column) => column.kind === kind).map(({ key }) => key);
  return { metrics: keys('metrics'), params: keys('params'), tags: keys('tags') };
};
