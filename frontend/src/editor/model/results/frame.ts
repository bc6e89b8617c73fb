import type { Frame } from '../../tags/tag';
import { type EditorConfig, findObject } from '../config/config';
import type { LsResult, PictureSize, PictureSizes, Texts } from '../types';
import { OffsetTable } from './offsets';
import { finite } from './percent';

/** The frames of one task's objects, built once for each object. */
export class Frames {
  readonly #config: EditorConfig;
  readonly #sizes: PictureSizes;
  readonly #texts: Texts;
  readonly #known = new Map<string, Frame | null>();

  constructor(config: EditorConfig, sizes: PictureSizes, texts: Texts) {
    this.#config = config;
    this.#sizes = sizes;
    this.#texts = texts;
  }

  /** The frame of an object. A picture of unknown size takes the size that the result names; else null. */
  of(objectName: string, result?: LsResult): Frame | null {
    let frame = this.#known.get(objectName);
    if (frame === undefined) {
      frame = this.#build(objectName);
      this.#known.set(objectName, frame);
    }
    if (frame !== null || result === undefined) return frame;
    return findObject(this.#config, objectName)?.kind === 'image' ? pictureFrame(originalSize(result)) : null;
  }

  #build(objectName: string): Frame | null {
    const object = findObject(this.#config, objectName);
    if (object?.kind === 'image') return pictureFrame(this.#sizes.get(objectName));
    const text = this.#texts.get(objectName);
    if (object === undefined || text === undefined) return null;
    const { saveTextResult, valueType } = object.attributes;
    const saveText = saveTextResult === undefined ? valueType !== 'url' : saveTextResult === 'yes';
    return { kind: 'text', text, offsets: new OffsetTable(text), saveText };
  }
}

function pictureFrame(size: PictureSize | undefined): Frame | null {
  return size !== undefined && size.width > 0 && size.height > 0 ? { kind: 'picture', size } : null;
}

function originalSize(result: LsResult): PictureSize | undefined {
  const [width, height] = [finite(result.original_width), finite(result.original_height)];
  return width === null || height === null ? undefined : { width, height };
}
