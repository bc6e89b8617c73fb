import type { ReactNode } from 'react';
import { type Assessment, experimentOf, metadataOf, tokensOfTrace, tookMs, type TraceRow, type TraceState } from '../../api/traces';
import { count } from '../../ui/format';
import { Pill, type Tone } from '../../ui/parts';
import { agoOf, momentOf } from '../experiments/when';
import type { RowColumn } from '../runs/run-grid';
import { nameIn } from '../runs/search-text';
import { valueWords } from './assessments';
import { spanTime } from './span-tree';
import type { TraceNames } from './trace-search';

export interface TraceColumn extends RowColumn<TraceRow> {
  kind: 'attributes' | 'metadata' | 'tags' | 'feedback';
  isFixed?: boolean;
}

export const KINDS: ReadonlyArray<readonly [TraceColumn['kind'], string]> = [['attributes', 'Of the trace'], ['feedback', 'Feedback'], ['tags', 'Tags'], ['metadata', 'Metadata']];

const none = <span className="muted">–</span>;

const STATE_WORDS: Readonly<Record<TraceState, readonly [words: string, tone: Tone]>> = { OK: ['OK', 'good'], ERROR: ['Error', 'bad'], IN_PROGRESS: ['Running', 'accent'], STATE_UNSPECIFIED: ['Unknown', ''] };

export function TraceStatePill({ state = 'STATE_UNSPECIFIED' }: { state?: TraceState | undefined }) {
  const [words, tone] = STATE_WORDS[state] ?? [state, ''];
  return <Pill tone={tone}>{words}</Pill>;
}

export const traceTime = (trace: TraceRow | Parameters<typeof tookMs>[0]): string => { const ms = tookMs(trace); return ms === undefined ? '–' : spanTime(ms * 1e6); };

const SESSION = 'mlflow.trace.session';
const USER = 'mlflow.trace.user';
/** What MLflow writes down for itself; it stands elsewhere on the pages, or says nothing to people. */
const isOwn = (key: string): boolean => key.startsWith('mlflow.');

/** The names of tags, metadata and feedback that these traces have. */
export function namesOf(traces: readonly TraceRow[]): TraceNames {
  const [tags, metadata, feedback] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const trace of traces) {
    for (const key of Object.keys(trace.tags ?? {})) if (!isOwn(key)) tags.add(key);
    for (const key of Object.keys(trace.trace_metadata ?? {})) if (!isOwn(key) || key === SESSION || key === USER) metadata.add(key);
    for (const { assessment_name: name, feedback: said } of trace.assessments ?? []) if (said) feedback.add(name);
  }
  const hasTokens = traces.some((trace) => tokensOfTrace(trace) !== undefined);
  const inOrder = (names: Set<string>) => [...names].sort((a, b) => a.localeCompare(b));
  return { tags: inOrder(tags), metadata: inOrder(metadata), feedback: inOrder(feedback), hasTokens };
}

interface Surroundings {
  traceAddress: (trace: TraceRow) => ReactNode;
  /** Names of experiments; more than one where traces of several are listed. */
  experiments: ReadonlyMap<string, string>;
}

const attribute = (key: string, rest: Omit<TraceColumn, 'id' | 'kind' | 'key'>): TraceColumn => ({ id: `attributes.${key}`, kind: 'attributes', key, ...rest });
const words = (text: string | undefined): ReactNode => (text ? <span className="two" title={text}>{text}</span> : none);
const metadata = (key: string, title: string): TraceColumn => ({ id: `metadata.${key}`, kind: 'metadata', key, title, width_px: 104, sort: nameIn('metadata', key), cell: (trace) => words(metadataOf(trace, key)) });

/** Every column that there is for traces with these names. */
export function allTraceColumns(names: TraceNames, { traceAddress, experiments }: Surroundings): TraceColumn[] {
  return [
    attribute('name', { title: 'Trace', width_px: 160, isFixed: true, sort: 'attributes.name', cell: traceAddress }),
    attribute('status', { title: 'State', width_px: 88, sort: 'attributes.status', cell: ({ state }) => <TraceStatePill state={state} /> }),
    ...(experiments.size > 1 ? [attribute('experiment', { title: 'Experiment', width_px: 150, cell: (trace) => words(experiments.get(experimentOf(trace) ?? '')) })] : []),
    attribute('timestamp_ms', { title: 'Asked', width_px: 78, number: true, sort: 'attributes.timestamp_ms', cell: (trace) => <span className="muted" title={momentOf(msOf(trace))}>{agoOf(msOf(trace))}</span> }),
    attribute('execution_time_ms', { title: 'Took', width_px: 88, number: true, sort: 'attributes.execution_time_ms', cell: (trace) => <span className="two">{traceTime(trace)}</span> }),
    attribute('tokens', { title: 'Tokens', width_px: 84, number: true, cell: tokenCell }),
    attribute('request', { title: 'Request', width_px: 250, cell: ({ request_preview: text }) => words(text) }),
    attribute('response', { title: 'Response', width_px: 220, cell: ({ response_preview: text }) => words(text) }),
    attribute('request_id', { title: 'Id', width_px: 150, sort: 'attributes.request_id', cell: ({ trace_id: id }) => <span className="mono two" title={id}>{id}</span> }),
    ...[metadata(SESSION, 'Session'), metadata(USER, 'User')].filter(({ key }) => names.metadata.includes(key)),
    ...names.feedback.map((key): TraceColumn => ({ id: `feedback.${key}`, kind: 'feedback', key, title: key, width_px: 110, cell: (trace) => feedbackCell(trace, key) })),
    ...names.tags.map((key): TraceColumn => ({ id: `tags.${key}`, kind: 'tags', key, title: key, width_px: 120, sort: nameIn('tags', key), cell: ({ tags }) => words(tags?.[key]) })),
    ...names.metadata.filter((key) => !isOwn(key)).map((key) => metadata(key, key)),
  ];
}

/** ms since 1970 of the request. */
export const msOf = ({ request_time: text }: { request_time?: string }): number | undefined => (text ? Date.parse(text) : undefined);

function tokenCell(trace: TraceRow): ReactNode {
  const tokens = tokensOfTrace(trace);
  return tokens ? <span className="two" title={`${count(tokens.input)} in, ${count(tokens.output)} out`}>{count(tokens.total)}</span> : none;
}

const isValid = ({ valid }: Assessment): boolean => valid !== false;

function feedbackCell({ assessments = [] }: TraceRow, name: string): ReactNode {
  const said = assessments.filter((each) => each.assessment_name === name && each.feedback && isValid(each)).at(-1);
  return said ? words(valueWords(said)) : none;
}

const USUAL_TAGS = 2;
const USUAL_FEEDBACK = 2;
const NOT_USUAL = new Set(['attributes.request_id']);

/** What is shown until somebody chooses: tokens where some trace tells of them. */
export function usualTraceColumns(all: readonly TraceColumn[], { hasTokens }: TraceNames): string[] {
  const first = (kind: TraceColumn['kind'], most: number) => all.filter((each) => each.kind === kind).slice(0, most);
  const own = all.filter(({ kind, key }) => kind === 'metadata' && isOwn(key));
  return [...first('attributes', Infinity).filter(({ id }) => !NOT_USUAL.has(id) && (hasTokens || id !== 'attributes.tokens')), ...own, ...first('feedback', USUAL_FEEDBACK), ...first('tags', USUAL_TAGS)].map(({ id }) => id);
}
