import { shapeModule } from '../../tags/registry';
import { type ControlTag, type EditorConfig } from '../config/config';
import { newRegionId } from '../ids';
import type { Loaded } from '../store/record-store';
import type { Answer, LsResult, Origin, PictureSizes, Region, RegionId, Texts } from '../types';
import { Frames } from './frame';
import { finite } from './percent';

/**
 * What the editor can show of an annotation's results, and the rest verbatim.
 *
 * Results that share the id of a region (answers about that region) stay with it, as its further sources.
 * Nothing is dropped and nothing throws: what is malformed or not understood is passed through.
 */
export function readResults(
  results: readonly LsResult[], config: EditorConfig, sizes: PictureSizes, texts: Texts,
): Loaded {
  const reader = new ResultReader(config, new Frames(config, sizes, texts));
  return reader.read(results);
}

export function readOrigin(origin: unknown): Origin {
  return origin === 'prediction' || origin === 'prediction-changed' ? origin : 'manual';
}

/** A list of strings, or null when it is none. */
export function readStrings(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
}

class ResultReader {
  readonly #controls: ReadonlyMap<string, ControlTag>;
  readonly #frames: Frames;

  constructor(config: EditorConfig, frames: Frames) {
    this.#controls = new Map(config.controls.map((control) => [control.name, control]));
    this.#frames = frames;
  }

  read(results: readonly LsResult[]): Loaded {
    const regions = this.#readRegions(results);
    const taken = new Set([...regions.values()].map((region) => region.source![0]!));
    const attached = new Map<RegionId, LsResult[]>();
    const answers = new Map<string, Answer>();
    const passthrough: LsResult[] = [];
    for (const result of results) {
      if (taken.has(result)) continue;
      const answer = this.#readAnswer(result);
      if (isAbout(result, regions)) listOf(attached, result.id).push(result);
      else if (answer && !answers.has(answer.fromName)) answers.set(answer.fromName, answer);
      else passthrough.push(result);
    }
    const whole = [...regions.values()].map((region) => withAttached(region, attached.get(region.id)));
    return { regions: whole, answers: [...answers.values()], passthrough, order: results };
  }

  /** The first result of each id that is a shape we can show; one with labels goes before a plain one. */
  #readRegions(results: readonly LsResult[]): Map<RegionId, Region> {
    const regions = new Map<RegionId, Region>();
    for (const result of results) {
      const region = this.#readRegion(result);
      const known = region && regions.get(region.id);
      if (region && (!known || (isPlain(known) && !isPlain(region)))) regions.set(region.id, region);
    }
    return regions;
  }

  #readRegion(result: LsResult): Region | null {
    const control = this.#controlOf(result);
    if (control === undefined || control.makes === 'answer' || (result.item_index ?? 0) !== 0) return null;
    const frame = this.#frames.of(control.toName, result);
    const shape = frame && shapeModule(control.makes).read(result.value, frame);
    const labels = result.value[control.resultType] === undefined ? [] : readStrings(result.value[control.resultType]);
    if (!shape || labels === null) return null;
    const score = finite(result.score);
    return {
      id: typeof result.id === 'string' && result.id !== '' ? result.id : newRegionId(),
      fromName: control.name,
      toName: control.toName,
      shape,
      labels,
      origin: readOrigin(result.origin),
      suggested: false,
      source: [result],
      ...(score !== null && { score }),
    };
  }

  #readAnswer(result: LsResult): Answer | null {
    const control = this.#controlOf(result);
    if (control?.makes !== 'answer') return null;
    const values = readStrings(result.value[control.resultType]);
    if (values === null || values.length === 0) return null;
    const origin = readOrigin(result.origin);
    return { fromName: control.name, toName: control.toName, values, source: result, origin };
  }

  #controlOf(result: LsResult): ControlTag | undefined {
    if (typeof result !== 'object' || result === null) return undefined;
    if (typeof result.value !== 'object' || result.value === null) return undefined;
    const control = this.#controls.get(result.from_name);
    // A shape that has no label is written as the plain one ("rectangle") by those who know it under its labels' name.
    const isItsType = control?.resultType === result.type || (control?.makes === result.type && control?.makes !== 'answer');
    return isItsType && control?.toName === result.to_name ? control : undefined;
  }
}

function isPlain({ source, shape }: Region): boolean {
  return source?.[0]?.type === shape.kind;
}

function isAbout(result: LsResult, regions: ReadonlyMap<RegionId, Region>): boolean {
  return typeof result === 'object' && result !== null && typeof result.id === 'string' && regions.has(result.id);
}

function withAttached(region: Region, attached: readonly LsResult[] | undefined): Region {
  return attached === undefined ? region : { ...region, source: [...region.source!, ...attached] };
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
