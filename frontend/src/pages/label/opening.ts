/** What to show when a task is opened: which of the versions at hand, and which proposals. Pure. */

import type { LsResult, Prediction } from '../../editor/model/types.ts';
import { isUnsent, type Work } from './saving/work.ts';
import { authorOf, type WireAnnotation, type WireDraft, type WirePrediction, type WireProject, type WireTask, type WireUser } from './wire.ts';

export interface Opening {
  readonly results: readonly LsResult[];
  readonly predictions: readonly Prediction[];
  /** The model whose proposals are shown. */
  readonly modelVersion: string | null;
  readonly parentPrediction: number | null;
  readonly annotation: WireAnnotation | null;
  readonly draft: WireDraft | null;
  readonly wasSkipped: boolean;
  /** Brought back from this browser: the server has not got it yet. */
  readonly isRestored: boolean;
  readonly leadTimeS: number;
}

export function chooseOpening(
  task: WireTask,
  project: WireProject,
  user: WireUser,
  kept: Work | undefined,
  wanted: number | null,
): Opening {
  const annotation = ownAnnotation(task, user, wanted);
  const draft = ownDraft(task, user, annotation);
  const isRestored = kept !== undefined && isUnsent(kept);
  const isNew = annotation === null && !(isRestored && kept.annotationId !== null);
  const chosen = isNew ? chosenPredictions(task, project) : [];
  const dismissed = new Set(kept?.dismissed);
  return {
    results: isRestored ? (kept.result ?? []) : (draft?.result ?? annotation?.result ?? []),
    predictions: chosen.map((prediction) => without(prediction, dismissed)),
    modelVersion: chosen[0]?.model_version || null,
    parentPrediction: chosen.length === 1 ? chosen[0]!.id : null,
    annotation,
    draft,
    wasSkipped: annotation?.was_cancelled === true,
    isRestored,
    leadTimeS: Math.max(draft?.lead_time ?? 0, annotation?.lead_time ?? 0, isRestored ? kept.leadTimeS : 0),
  };
}

/** The one that was asked for, else the person's newest. */
function ownAnnotation(task: WireTask, user: WireUser, wanted: number | null): WireAnnotation | null {
  const annotations = task.annotations ?? [];
  const asked = annotations.find((annotation) => annotation.id === wanted);
  return asked ?? annotations.filter((annotation) => authorOf(annotation) === user.id).at(-1) ?? null;
}

function ownDraft(task: WireTask, user: WireUser, annotation: WireAnnotation | null): WireDraft | null {
  const mine = (task.drafts ?? []).filter((draft) => draft.user === undefined || draft.user === user.email);
  return mine.filter((draft) => (draft.annotation ?? null) === (annotation?.id ?? null)).at(-1) ?? null;
}

/** One model's proposals, as several drawn over each other help nobody: the project's model, else the newest. */
function chosenPredictions(task: WireTask, project: WireProject): WirePrediction[] {
  const all = (task.predictions ?? []).filter((prediction) => Array.isArray(prediction.result));
  if (project.show_collab_predictions === false || all.length === 0) return [];
  const isWanted = all.some((prediction) => prediction.model_version && prediction.model_version === project.model_version);
  const version = isWanted ? project.model_version : all.at(-1)?.model_version;
  return all.filter((prediction) => (prediction.model_version ?? null) === (version ?? null));
}

function without(prediction: WirePrediction, dismissed: ReadonlySet<string>): Prediction {
  const result = prediction.result.filter((item) => !dismissed.has(item.id));
  return { result, ...(typeof prediction.score === 'number' && { score: prediction.score }) };
}
