/**
 * Asking a model while one draws: what it is asked with, and what becomes of its answer.
 *
 * Promises: nothing of an exchange is saved before it was accepted, and each act is one step of undo. What the answer has
 * of kinds that this editor cannot show is counted, never guessed; a class that is no label leaves a region without one.
 */
import { type EditorConfig, findControl, findLabel } from './config/config';
import type { Editor } from './editor';
import { newRegionId } from './ids';
import { isEqual } from './results/equal';
import { accepted, acceptedAnswer, isPrompt } from './suggestions';
import { isUnnamed } from './unnamed';
import type { Answer, AnswerChange, LsResult, Region, RegionChange, RegionId } from './types';

/** What of an answer can be shown. */
export interface Told {
  readonly regions: readonly Region[];
  readonly answers: readonly Answer[];
  /** Regions without a label, since the model's class is none of the config. */
  readonly unlabelledCount: number;
  /** Results that this page cannot show. */
  readonly leftOutCount: number;
}

/** Whether the config says which regions are questions; else whatever is drawn is one, and is kept beside the answer. */
export function namesPrompts(config: EditorConfig): boolean {
  return config.controls.some(({ attributes }) => isSmart(attributes));
}

export function isSmart(attributes: Readonly<Record<string, unknown>>): boolean {
  return [attributes.smart, attributes.smartOnly, attributes.smartonly].includes(true);
}

export function promptsOf(editor: Editor): Region[] {
  return editor.store.all().filter(isPrompt);
}

/** Of one answer, or of several. */
export interface Pending {
  readonly regions: readonly Region[];
  readonly answers: readonly Answer[];
}

export const NOTHING: Pending = { regions: [], answers: [] };

/** What the model answered and nobody accepted or refused yet. */
export function pendingOf(editor: Editor): Pending {
  return {
    regions: editor.store.all().filter(({ exchange }) => exchange === 'answer'),
    answers: [...editor.store.answers().values()].filter(({ exchange }) => exchange === 'answer'),
  };
}

/** The results that a backend of Label Studio's protocol is asked with. */
export function questionOf(editor: Editor, regions: readonly Region[]): LsResult[] {
  const byId = new Map(regions.map((region) => [region.id, region]));
  return editor.resultsOf(regions).map((result) => {
    const region = byId.get(result.id);
    const { shape } = region ?? {};
    if (shape?.kind === 'keypoint') return { ...result, is_positive: region?.exchange !== 'counter-prompt' };
    if (shape?.kind !== 'span' || 'text' in result.value) return result;
    return { ...result, value: { ...result.value, text: editor.text(result.to_name)?.slice(shape.start, shape.end) ?? '' } };
  });
}

/** Reads whatever a backend sent as its answer. What stands there already, but for what is to be replaced, is not told again. */
export function readAnswer(editor: Editor, sent: unknown, replaced: Pending): Told {
  const prediction = (Array.isArray(sent) ? sent[0] : sent) as { result?: unknown; score?: unknown } | null | undefined;
  const all: unknown[] = Array.isArray(prediction?.result) ? prediction.result : [];
  const results = withIdsOfOurs(all.filter(isResult));
  const read = editor.read(results);
  const score = typeof prediction?.score === 'number' ? prediction.score : undefined;
  const named = read.regions.map((region) => onlyKnownLabels(editor.config, region));
  const there = editor.store.all().filter((region) => !isPrompt(region) && !replaced.regions.includes(region));
  const regions = named.filter((region) => !there.some((other) => isSame(other, region)));
  const answered = editor.store.answers();
  const answers = read.answers.filter(({ fromName }) => answered.get(fromName)?.suggested ?? true);
  return {
    regions: regions.map((region) => ({ ...region, origin: 'prediction', suggested: true, exchange: 'answer', ...(region.score === undefined && score !== undefined && { score }) })),
    answers: answers.map((answer) => ({ ...answer, origin: 'prediction', suggested: true, exchange: 'answer' })),
    unlabelledCount: regions.filter(({ labels }) => labels.length === 0).length,
    leftOutCount: all.length - results.length + read.passthrough.length,
  };
}

/** Shows an answer as suggestions, in place of an answer before. */
export function putAnswer(editor: Editor, { regions, answers }: Told, replaced: Pending): void {
  const unsaid = replaced.answers.map((answer): AnswerChange => [answer.fromName, answer, undefined]);
  const said = answers.map((answer): AnswerChange => [answer.fromName, undefined, answer]);
  const isSaid = new Set(answers.map(({ fromName }) => fromName));
  editor.history.mark('answer of a model');
  editor.store.apply({ added: regions, removed: replaced.regions, updated: [], answers: [...unsaid.filter(([name]) => !isSaid.has(name)), ...said] });
  if (editor.selection.ids().size === 0) editor.selectUnnamed();
}

/**
 * Takes suggestions of the answer over: the selected ones, or all. With the last one the prompts go. False: there was none.
 * What has no label yet waits for the key that names it.
 */
export function acceptAnswer(editor: Editor): boolean {
  const { chosen, rest, answers } = chosenOf(editor, (region) => !isUnnamed(editor.config, region));
  if (chosen.length + answers.length === 0) return false;
  const updated = chosen.map((region): RegionChange => [region, accepted(region)]);
  const said = answers.map((answer): AnswerChange => [answer.fromName, answer, acceptedAnswer(answer)]);
  editor.history.mark('accept');
  editor.store.apply({ added: [], removed: rest.length === 0 ? promptsOf(editor) : [], updated, answers: said });
  return true;
}

/** Takes suggestions of the answer away, as `acceptAnswer` takes them over; where there is none, the prompts. */
export function refuseAnswer(editor: Editor): boolean {
  const { chosen, rest, answers } = chosenOf(editor, () => true);
  const prompts = rest.length === 0 ? promptsOf(editor) : [];
  if (chosen.length + answers.length + prompts.length === 0) return false;
  const unsaid = answers.map((answer): AnswerChange => [answer.fromName, answer, undefined]);
  editor.history.mark('refuse');
  editor.store.apply({ added: [], removed: [...chosen, ...prompts], updated: [], answers: unsaid });
  return true;
}

/** Takes an answer over as it comes, but for what has no label. */
export function putAccepted(editor: Editor, told: Told, replaced: Pending): void {
  const regions = told.regions.map((region) => (isUnnamed(editor.config, region) ? region : accepted(region)));
  const taken = { ...told, regions, answers: told.answers.map(acceptedAnswer) };
  putAnswer(editor, taken, { ...replaced, regions: [...replaced.regions, ...promptsOf(editor)] });
}

/** Makes regions of one's own of what was drawn to ask with. */
export function keepPrompts(editor: Editor): void {
  editor.accept(promptsOf(editor).map(({ id }) => id));
}

interface Chosen {
  readonly chosen: readonly Region[];
  readonly rest: readonly Region[];
  readonly answers: readonly Answer[];
}

/** The selected ones of those that fit, or all that fit. */
function chosenOf(editor: Editor, fits: (region: Region) => boolean): Chosen {
  const { regions, answers } = pendingOf(editor);
  const fitting = regions.filter(fits);
  const selected = fitting.filter(({ id }) => editor.selection.has(id));
  const chosen = selected.length > 0 ? selected : fitting;
  return { chosen, rest: regions.filter((region) => !chosen.includes(region)), answers: selected.length > 0 ? [] : answers };
}

function isResult(item: unknown): item is LsResult {
  const { from_name: from, value } = (item ?? {}) as Partial<LsResult>;
  return typeof from === 'string' && typeof value === 'object' && value !== null;
}

/**
 * Ids as models give them may be those of regions that are there. Results about one region (of several controls) share an
 * id and go on sharing it; a second one of the same control is another region, whatever its id says.
 */
function withIdsOfOurs(results: readonly LsResult[]): LsResult[] {
  const ids = new Map<string, RegionId>();
  const seen = new Set<string>();
  return results.map((result) => {
    if (typeof result.id !== 'string' || result.id === '') return { ...result, id: newRegionId() };
    const place = JSON.stringify([result.id, result.from_name]);
    const id = seen.has(place) ? newRegionId() : (ids.get(result.id) ?? newRegionId());
    seen.add(place);
    ids.set(result.id, id);
    return { ...result, id };
  });
}

function onlyKnownLabels(config: EditorConfig, region: Region): Region {
  const control = findControl(config, region.fromName);
  const known = region.labels.filter((label) => findLabel(control, label));
  return known.length === region.labels.length ? region : { ...region, labels: known };
}

function isSame(one: Region, other: Region): boolean {
  return one.toName === other.toName && isEqual(one.shape, other.shape) && isEqual(one.labels, other.labels);
}
