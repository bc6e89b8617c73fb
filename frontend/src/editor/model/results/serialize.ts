import { shapeModule } from '../../tags/registry';
import type { Frame } from '../../tags/tag';
import { type EditorConfig, findControl } from '../config/config';
import { newRegionId } from '../ids';
import { ruledOutControls } from '../config/visibility';
import type { RecordStore } from '../store/record-store';
import type { Answer, LsResult, Origin, PictureSizes, Region, Shape, Texts } from '../types';
import { readOrigin, readStrings } from './deserialize';
import { isEqual } from './equal';
import { Frames } from './frame';

type Value = Record<string, unknown>;
/** A result, and the one it was read from. */
type Written = readonly [source: LsResult | undefined, result: LsResult];

/**
 * The annotation's results as they are saved, in the order in which they were loaded, new ones last.
 *
 * Regions and answers that were not changed are written as they came, number for number; of a changed one, only the
 * keys that changed. `origin`, `id` and the picture's size are completed where they were absent, and a polygon says
 * whether it is closed. Suggestions that nobody accepted are left out, and so are relations of removed regions.
 */
export function writeResults(
  store: RecordStore, config: EditorConfig, sizes: PictureSizes, texts: Texts,
): LsResult[] {
  return new ResultWriter(config, sizes, texts).write(store);
}

/**
 * Writes results again and again while one task is open. A region that did not change since is not written anew:
 * saving after one change costs a look at each region.
 */
export class ResultWriter {
  readonly #config: EditorConfig;
  readonly #frames: Frames;
  readonly #written = new WeakMap<Region, readonly Written[]>();

  constructor(config: EditorConfig, sizes: PictureSizes, texts: Texts) {
    this.#config = config;
    this.#frames = new Frames(config, sizes, texts);
  }

  write(store: RecordStore): LsResult[] {
    const written: Written[] = [];
    for (const region of store.all()) {
      if (!region.suggested) written.push(...this.#ofRegion(region));
    }
    written.push(...writeAnswers(store, this.#config));
    for (const result of store.passthrough) {
      if (!isDangling(result, store)) written.push([result, result]);
    }
    return inOrder(written, store.order);
  }

  writeRegions(regions: readonly Region[]): LsResult[] {
    return regions.flatMap((region) => this.#ofRegion(region).map(([, result]) => result));
  }

  #ofRegion(region: Region): readonly Written[] {
    let written = this.#written.get(region);
    if (written === undefined) {
      written = writeRegion(region, this.#config, this.#frames);
      this.#written.set(region, written);
    }
    return written;
  }
}

/** Answers that nobody accepted yet, and those that another answer rules out, are not written. */
function writeAnswers(store: RecordStore, config: EditorConfig): Written[] {
  const ruledOut = ruledOutControls(config, store.answers());
  const said = [...store.answers().values()].filter(({ suggested, fromName }) => !suggested && !ruledOut.has(fromName));
  return said.map((answer) => writeAnswer(answer, config));
}

function inOrder(written: readonly Written[], order: readonly LsResult[]): LsResult[] {
  const known = new Set(order);
  const bySource = new Map<LsResult, LsResult>();
  const fresh: LsResult[] = [];
  for (const [source, result] of written) {
    if (source !== undefined && known.has(source)) bySource.set(source, result);
    else fresh.push(result);
  }
  const kept = order.map((source) => bySource.get(source)).filter((result) => result !== undefined);
  return [...kept, ...fresh];
}

/** The results of one region: its own, then those attached to it. */
function writeRegion(region: Region, config: EditorConfig, frames: Frames): Written[] {
  const [own, ...attached] = region.source ?? [];
  const frame = frames.of(region.toName, own);
  const control = findControl(config, region.fromName);
  if (frame === null || control === undefined) return (region.source ?? []).map((result) => [result, result]);
  const next = valueOf(region.shape, frame, control.resultType, region.labels);
  if (own === undefined) return [[undefined, newResult(region, control.resultType, frame, next)]];
  const previous = previousValue(own, frame, region.shape.kind);
  const value = mergeValue(own.value, previous, next, shapeModule(region.shape.kind).alwaysWritten);
  const type = region.labels.length === 0 && own.type === region.shape.kind ? own.type : control.resultType;
  const result = complete({ ...own, value, from_name: region.fromName, type }, region, frame);
  const geometry = changedGeometry(previous, next, [own.type, control.resultType]);
  return [[own, result], ...attached.map((other): Written => [other, follow(other, geometry, own, region.origin)])];
}

function valueOf(shape: Shape, frame: Frame, resultType: string, labels: readonly string[]): Value {
  const value = shapeModule(shape.kind).write(shape, frame);
  return labels.length === 0 ? value : { ...value, [resultType]: [...labels] };
}

/** What we would have written for the region as it came; what differs from it now is what a person changed. */
function previousValue(own: LsResult, frame: Frame, kind: Shape['kind']): Value {
  const shape = shapeModule(kind).read(own.value, frame);
  return shape === null ? {} : valueOf(shape, frame, own.type, readStrings(own.value[own.type]) ?? []);
}

function mergeValue(source: Value, previous: Value, next: Value, always: readonly string[]): Value {
  const value = { ...source };
  for (const key of Object.keys(previous)) {
    if (!(key in next)) delete value[key];
  }
  for (const [key, item] of Object.entries(next)) {
    const isMissing = always.includes(key) && !(key in source);
    if (isMissing || !isEqual(previous[key], item)) value[key] = item;
  }
  return value;
}

function changedGeometry(previous: Value, next: Value, except: readonly string[]): Array<[string, unknown]> {
  return Object.entries(next).filter(([key, item]) => !except.includes(key) && !isEqual(previous[key], item));
}

/** An attached result repeats the region's geometry and origin: it follows where the region went. */
function follow(attached: LsResult, geometry: ReadonlyArray<[string, unknown]>, own: LsResult, origin: Origin): LsResult {
  const value = { ...attached.value };
  for (const [key, item] of geometry) {
    if (key in value && Array.isArray(value[key]) === Array.isArray(item)) value[key] = item;
  }
  const changed = geometry.length === 0 ? attached : { ...attached, value };
  return attached.origin === undefined || attached.origin === own.origin ? withOrigin(changed, origin) : changed;
}

function newResult(region: Region, type: string, frame: Frame, value: Value): LsResult {
  const result: LsResult = { id: region.id, from_name: region.fromName, to_name: region.toName, type, value };
  if (frame.kind === 'picture') result.image_rotation = 0;
  if (region.score !== undefined) result.score = region.score;
  return complete(result, region, frame);
}

function complete(result: LsResult, region: Region, frame: Frame): LsResult {
  result.id = region.id;
  if (frame.kind === 'picture') {
    result.original_width ??= frame.size.width;
    result.original_height ??= frame.size.height;
  }
  return withOrigin(result, region.origin);
}

function withOrigin(result: LsResult, origin: Origin): LsResult {
  const isSame = result.origin !== undefined && readOrigin(result.origin) === origin;
  return isSame ? result : { ...result, origin };
}

function writeAnswer(answer: Answer, config: EditorConfig): Written {
  const { fromName, toName, source } = answer;
  const type = findControl(config, fromName)?.resultType ?? 'choices';
  const origin = answer.origin ?? 'manual';
  const values = [...answer.values];
  if (source === undefined) {
    return [undefined, { id: answer.id ?? newRegionId(), from_name: fromName, to_name: toName, type, value: { [type]: values }, origin }];
  }
  const isSame = isEqual(source.value[type], values);
  const result = isSame ? { ...source } : { ...source, value: { ...source.value, [type]: values } };
  return [source, withOrigin(result, origin)];
}

/** A relation from or to a region that was removed. */
function isDangling(result: LsResult, store: RecordStore): boolean {
  if (typeof result !== 'object' || result === null || result.type !== 'relation') return false;
  return [result.from_id, result.to_id].some((id) => typeof id === 'string' && store.isRemoved(id));
}
