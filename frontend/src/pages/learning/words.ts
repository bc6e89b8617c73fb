import type { Backend, Builtin, Evaluation, Finding, Judged, ModelVersion, Promotion, Training, VersionRef } from '../../api/learning';
import { isTrainingOver } from '../../api/learning';
import type { Tone } from '../../ui/parts';
import { count, counted } from '../../ui/format';

/** A score from 0 to 1 as people compare it. */
export const score = (value: number | null | undefined): string => (value === null || value === undefined ? '–' : value.toFixed(2));

/** By how much a score changed: "+0.05", "−0.03". */
export function change(by: number): string {
  const shown = Math.abs(by).toFixed(2);
  return shown === '0.00' ? '0.00' : `${by > 0 ? '+' : '−'}${shown}`;
}

/** Whether a change is good news, as far as two places tell. */
export const toneOfChange = (by: number): Tone => (change(by) === '0.00' ? '' : by > 0 ? 'good' : 'bad');

/** What a version has learnt of the tasks that it was measured on, in a sentence; nothing where it has not. */
export function seenBy(name: string, evaluation: Evaluation | null | undefined): string {
  if (!evaluation?.seen) return '';
  if (!evaluation.seen_count) return `Version ${name} may have learnt from these tasks, since its backend chose itself what to learn from: its scores may be too good.`;
  return `Version ${name} has learnt from ${count(evaluation.seen_count)} of these ${counted(evaluation.task_count, 'task')}: its scores may be too good.`;
}

/** Where a connection stands, in one word. */
export function stateOfBackend({ state, checked_at: checked }: Pick<Backend, 'state' | 'checked_at'>): { word: string; tone: Tone } {
  if (!checked && state === 'DI') return { word: 'not asked yet', tone: '' };
  return ({
    CO: { word: 'connected', tone: 'good' }, DI: { word: 'not reached', tone: 'bad' }, ER: { word: 'in trouble', tone: 'bad' },
    TR: { word: 'training', tone: 'accent' }, PR: { word: 'predicting', tone: 'accent' },
  } as const)[state];
}

export const isDown = ({ state, checked_at: checked }: Pick<Backend, 'state' | 'checked_at'>): boolean => (state === 'DI' && checked !== null) || state === 'ER';

/** What to do about a backend that does not answer. */
export function helpFor({ builtin, state, auth_method: auth }: Pick<Backend, 'builtin' | 'state' | 'auth_method'>): string {
  if (builtin) return 'It starts again by itself when it is asked. Press Check now; if it stays so, the server’s log says why.';
  if (state === 'ER') return 'It answers, but not as it should: look at its own log, then press Check now.';
  const who = auth === 'NONE' ? '' : ' with the sign-in under Change';
  return `Once it runs, and this server can reach it${who}, press Check now.`;
}

export const nameOfBackend = ({ title, builtin, id }: Pick<Backend, 'title' | 'builtin' | 'id'>): string => title || builtin || `Model ${id}`;

/** How people call the version that predictions name: "Cars, version 3". What no connected model says stands as it is. */
export function nameOfVersion(name: string, backends: ReadonlyArray<Pick<Backend, 'title' | 'builtin' | 'id' | 'versions'>>): string {
  for (const backend of backends) {
    const found = backend.versions.find((version) => version.name === name);
    if (found) return `${nameOfBackend(backend)}, version ${found.number}`;
  }
  return name;
}

/** Whether a model has learnt nothing yet and answers nothing before it has: there is nothing to ask it. `builtins`: undefined while they are on their way. */
export const knowsNothing = ({ builtin, serving_version: serving }: Pick<Backend, 'builtin' | 'serving_version'>, builtins: readonly Builtin[] | undefined): boolean =>
  serving === null && builtin !== '' && (builtins?.find(({ name }) => name === builtin)?.starts.length ?? 0) === 0;

const GENERATIONS: Record<string, string> = { treadle: 'a Treadle backend', current: 'a Label Studio backend', old: 'an old Label Studio backend' };
export const generationOf = (generation: string): string => GENERATIONS[generation] ?? '';

/** Where a training stands, as a person would say it. */
export function stateOfTraining({ state, done, total, spec }: Pick<Training, 'state' | 'done' | 'total' | 'spec'>): { word: string; tone: Tone } {
  if (state === 'running') return { word: total > 0 ? `${Number(spec.settings?.['epochs']) === total ? 'epoch ' : ''}${count(Math.floor(done))} of ${count(total)}` : 'running', tone: 'accent' };
  return ({
    queued: { word: 'waits for its turn', tone: '' }, stopping: { word: 'stopping', tone: 'warn' }, evaluating: { word: 'being measured', tone: 'accent' },
    completed: { word: 'done', tone: 'good' }, failed: { word: 'failed', tone: 'bad' }, cancelled: { word: 'stopped', tone: '' },
  } as const)[state];
}

const CAUSES: Record<Training['cause'], string> = { person: '', count: 'by itself: enough new annotations', schedule: 'by itself: it was time', webhook: 'by its address' };

/** Who or what began it. */
export const causeOf = ({ cause, started_by: by }: Pick<Training, 'cause' | 'started_by'>): string => CAUSES[cause] || (by ? `by ${by.name}` : '');

/** "3 min left". */
export function timeLeft(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return '';
  if (seconds < 60) return 'under a minute left';
  return seconds < 5400 ? `${count(Math.round(seconds / 60))} min left` : `${(seconds / 3600).toFixed(1)} h left`;
}

export const SEVERITIES: Record<Finding['severity'], { word: string; tone: Tone }> = { ok: { word: 'ok', tone: 'good' }, look: { word: 'look', tone: 'warn' }, stop: { word: 'stop', tone: 'bad' } };

const ORDER = ['stop', 'look', 'ok'] as const;

/** What must be looked at first. */
export const sortedFindings = (findings: readonly Finding[]): Finding[] => [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));

/** What was found of one kind, told in one row. */
export interface FoundTogether {
  code: string;
  severity: Finding['severity'];
  found: readonly Finding[];
}

/** Findings, the worst first, those of one kind in one row; where that kind is of labels, one sentence names them. */
export function foundTogether(findings: readonly Finding[]): FoundTogether[] {
  const rows = new Map<string, Finding[]>();
  for (const finding of sortedFindings(findings)) {
    const key = `${finding.severity} ${finding.code}`;
    rows.set(key, [...(rows.get(key) ?? []), finding]);
  }
  return [...rows.values()].flatMap((found) => (found[0] ? [{ code: found[0].code, severity: found[0].severity, found: LABEL_CODES[found[0].code] && found.length > 1 ? [ofLabels(found[0], found)] : found }] : []));
}

/** What is said of several labels at once: of how many, and which. */
const LABEL_CODES: Record<string, (many: number, named: string, least: string) => string> = {
  'label-rare': (many, named, least) => `${count(many)} labels were given fewer than ${least} times: their scores will be unsure. ${named}`,
  'label-missing': (many, named) => `${count(many)} labels were never given: the model will not learn them. ${named}`,
};

function ofLabels(first: Finding, found: readonly Finding[]): Finding {
  const named = found.map(({ text, count: times }) => `${/^“(.+)” was/s.exec(text)?.[1] ?? text}${times > 0 ? ` (${count(times)})` : ''}`).join(', ');
  const least = /fewer than (\d+)/.exec(first.text)?.[1] ?? 'enough';
  return { ...first, text: LABEL_CODES[first.code]?.(found.length, `${named}.`, least) ?? first.text, tasks: found.flatMap(({ tasks }) => tasks) };
}

export const versionName = (version: Pick<VersionRef, 'number'> | null): string => (version ? String(version.number) : 'untrained');

/** Whether a trained version should serve, in a sentence; nothing where it serves or nobody can say. */
export function verdictOn({ evaluation, serving_evaluation: serving, version }: Pick<Training, 'evaluation' | 'serving_evaluation' | 'version'>): { text: string; tone: Tone } | undefined {
  if (!version || !evaluation) return undefined;
  if (evaluation.value === null) return { text: evaluation.reason || 'It could not be measured.', tone: 'warn' };
  const said = `${evaluation.metric} ${score(evaluation.value)} on ${counted(evaluation.task_count, 'held-out task')}`;
  if (!serving || serving.value === null) return { text: `${said}.`, tone: '' };
  const by = evaluation.value - serving.value;
  const beside = `what serves reaches ${score(serving.value)}`;
  if (change(by) === '0.00') return { text: `${said}: no better than what serves.`, tone: 'warn' };
  return by > 0 ? { text: `${said}; ${beside}: it is better by ${change(by).slice(1)}.`, tone: 'good' } : { text: `${said}; ${beside}: it is worse by ${change(by).slice(1)}.`, tone: 'bad' };
}

export interface ScoreRow {
  label: string;
  before: number | null;
  after: number | null;
  precision: number | null;
  recall: number | null;
  support: number;
}

/** Two measurements side by side, label by label, in the order of the later one. */
export function scoreRows(before: Evaluation | null, after: Evaluation): ScoreRow[] {
  const earlier = new Map((before?.labels ?? []).map((each) => [each.label, each.value]));
  const known = new Set(after.labels.map(({ label }) => label));
  const gone = (before?.labels ?? []).filter(({ label }) => !known.has(label));
  return [
    ...after.labels.map(({ label, value, precision, recall, support }) => ({ label, before: earlier.get(label) ?? null, after: value, precision, recall, support })),
    ...gone.map(({ label, value, support }) => ({ label, before: value, after: null, precision: null, recall: null, support })),
  ];
}

/** The measurement of a version: of the training that made it. */
export const evaluationOf = (version: Pick<ModelVersion, 'training'> | undefined, trainings: readonly Training[]): Evaluation | null =>
  trainings.find(({ id }) => id === version?.training)?.evaluation ?? null;

export interface Pair {
  before: { name: string; evaluation: Evaluation | null };
  after: { name: string; evaluation: Evaluation };
  /** Whether both were asked for the same tasks. */
  isSame: boolean;
}

/** A version beside the one that serves, or served when it was made: the older one first, whichever was chosen. */
export function pairOf(chosen: ModelVersion, versions: readonly ModelVersion[], trainings: readonly Training[]): Pair | undefined {
  const pair = besideServing(chosen, versions, trainings);
  const earlier = pair?.before.evaluation;
  if (!pair || !earlier || ageOf(pair.before.name) <= ageOf(pair.after.name)) return pair;
  return { ...pair, before: pair.after, after: { name: pair.before.name, evaluation: earlier } };
}

/** A version's number; the untrained model is older than all. */
const ageOf = (name: string): number => Number(name) || 0;

function besideServing(chosen: ModelVersion, versions: readonly ModelVersion[], trainings: readonly Training[]): Pair | undefined {
  const training = trainings.find(({ id }) => id === chosen.training);
  const after = training?.evaluation;
  if (!after) return undefined;
  const name = (wanted: string) => String(versions.find((each) => each.name === wanted)?.number ?? wanted);
  const serving = versions.find((each) => each.is_serving);
  const then = training.serving_evaluation;
  if (then && then.version !== chosen.name && (!serving || serving.id === chosen.id || serving.name === then.version)) return { before: { name: name(then.version), evaluation: then }, after: { name: String(chosen.number), evaluation: after }, isSame: true };
  const beside = serving && serving.id !== chosen.id ? serving : undefined;
  // What serves now was measured beside this one when it was made itself, if this one served then: on the same tasks.
  const later = trainings.find(({ id }) => id === beside?.training);
  if (beside && later?.serving_evaluation?.version === chosen.name && later.evaluation) return { before: { name: String(beside.number), evaluation: later.evaluation }, after: { name: String(chosen.number), evaluation: later.serving_evaluation }, isSame: true };
  return { before: { name: beside ? String(beside.number) : '', evaluation: evaluationOf(beside, trainings) }, after: { name: String(chosen.number), evaluation: after }, isSame: false };
}

/** The version that a page shows first: the newest one that was measured. */
export const newestMeasured = (versions: readonly ModelVersion[], trainings: readonly Training[]): ModelVersion | undefined =>
  [...versions].sort((a, b) => b.number - a.number).find((each) => evaluationOf(each, trainings) !== null);

export const JUDGEMENTS = ['kept', 'moved', 'relabelled', 'deleted', 'added'] as const satisfies ReadonlyArray<keyof Judged>;

export const JUDGEMENT_WORDS: Record<keyof Judged, { name: string; help: string }> = {
  kept: { name: 'Kept', help: 'Submitted as the model said it' }, moved: { name: 'Moved', help: 'The label was right, the place was not' }, relabelled: { name: 'Relabelled', help: 'The place was right, the label was not' },
  deleted: { name: 'Deleted', help: 'There was nothing' }, added: { name: 'Added', help: 'The model missed it' },
};

export const judgedInAll = (judged: Judged): number => JUDGEMENTS.reduce((sum, key) => sum + judged[key], 0);

/** What a promotion did, in a sentence. */
export function promotionSentence({ version, previous, cause, by }: Pick<Promotion, 'version' | 'previous' | 'cause' | 'by'>): string {
  const who = cause === 'alias' ? 'by an alias moved in Models' : cause === 'training' ? 'by itself, being better' : by ? `by ${by.name}` : '';
  const what = version ? `Version ${version.number}` : 'The untrained model';
  const instead = previous && previous.number !== version?.number ? `, in place of ${previous.number}` : '';
  return [`${what} serves${instead}`, who].filter(Boolean).join(', ');
}

/** The trainings of a backend, newest first. */
export const trainingsOf = (backend: number, trainings: readonly Training[]): Training[] => trainings.filter((each) => each.backend === backend).sort((a, b) => b.id - a.id);

/** The one that a page shows first: the one under way, else the newest. */
export const firstTraining = (trainings: readonly Training[]): Training | undefined => trainings.find((each) => !isTrainingOver(each)) ?? trainings[0];
