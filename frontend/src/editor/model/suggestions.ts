import type { EditorConfig } from './config/config';
import { readResults } from './results/deserialize';
import type { Loaded } from './store/record-store';
import type { Answer, Prediction, PictureSizes, Region, Texts } from './types';

/**
 * The annotation together with what models propose for it. A proposal that was accepted before (its id is among
 * the annotation's regions) or that answers an answered question is not made again.
 */
export function withSuggestions(
  loaded: Loaded, predictions: readonly Prediction[], config: EditorConfig, sizes: PictureSizes, texts: Texts,
): Loaded {
  const regions = new Map(loaded.regions.map((region) => [region.id, region]));
  const answers = new Map(loaded.answers.map((answer) => [answer.fromName, answer]));
  const taken = new Set(loaded.order.map((result) => result?.id));
  for (const prediction of predictions) {
    const proposed = readResults(prediction.result, config, sizes, texts);
    for (const region of proposed.regions) {
      const isNew = !regions.has(region.id) && !taken.has(region.id);
      if (isNew) regions.set(region.id, asSuggestion(region, prediction.score));
    }
    for (const answer of proposed.answers) {
      if (!answers.has(answer.fromName)) answers.set(answer.fromName, { ...answer, origin: 'prediction', suggested: true });
    }
  }
  return { ...loaded, regions: [...regions.values()], answers: [...answers.values()] };
}

function asSuggestion(region: Region, score: number | null | undefined): Region {
  const known = region.score ?? score;
  return { ...region, origin: 'prediction', suggested: true, ...(typeof known === 'number' && { score: known }) };
}

/** Drawn to ask a model with, and not to be kept. */
export function isPrompt({ exchange }: Region): boolean {
  return exchange === 'prompt' || exchange === 'counter-prompt';
}

/** The region after a person changed something of it: no suggestion any more. A prompt stays one. */
export function touched(region: Region, change: Partial<Pick<Region, 'shape' | 'labels' | 'fromName'>>): Region {
  if (isPrompt(region)) return { ...region, ...change };
  const origin = region.origin === 'manual' ? 'manual' : 'prediction-changed';
  return { ...accepted(region), ...change, origin };
}

/** The region taken over as it was proposed; a prompt, as it was drawn. */
export function accepted(region: Region): Region {
  if (!region.suggested) return region;
  const { exchange, ...own } = region;
  return { ...own, suggested: false };
}

export function acceptedAnswer(answer: Answer): Answer {
  if (!answer.suggested) return answer;
  const { exchange, ...own } = answer;
  return { ...own, suggested: false };
}
