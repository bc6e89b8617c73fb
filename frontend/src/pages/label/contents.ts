/** A task's pictures and texts, fetched and measured before anything is drawn. */

import type { EditorConfig, ObjectTag } from '../../editor/model/config/config.ts';
import { resolveValue } from '../../editor/model/config/resolve.ts';
import type { PictureSize } from '../../editor/model/types.ts';
import { t } from '../../i18n/words.ts';
import { mediaAddress } from './address.ts';
import type { WireTask } from './wire.ts';

export type Content =
  | { readonly kind: 'image'; readonly object: ObjectTag; readonly url: string; readonly size: PictureSize }
  | { readonly kind: 'text'; readonly object: ObjectTag; readonly text: string }
  | { readonly kind: 'broken'; readonly object: ObjectTag; readonly url: string | null; readonly message: string };

/** One for each object tag, in the config's order. Never rejects: what cannot be shown says why. */
export function loadContents(config: EditorConfig, task: WireTask, base: string): Promise<Content[]> {
  return Promise.all(config.objects.map((object) => loadContent(object, task, base)));
}

async function loadContent(object: ObjectTag, task: WireTask, base: string): Promise<Content> {
  const value = resolveValue(object.value, task.data);
  if (value === undefined || value === null || value === '') {
    return { kind: 'broken', object, url: null, message: t('The task has no value for {value}.', { value: object.value }) };
  }
  return object.kind === 'image' ? loadPicture(object, String(value), base) : loadText(object, String(value), base);
}

async function loadPicture(object: ObjectTag, value: string, base: string): Promise<Content> {
  const url = mediaAddress(value, base);
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
  } catch {
    return { kind: 'broken', object, url, message: t('It is damaged, no picture, or cannot be reached.') };
  }
  // Natural sizes are those after EXIF orientation.
  return { kind: 'image', object, url, size: { width: picture.naturalWidth, height: picture.naturalHeight } };
}

async function loadText(object: ObjectTag, value: string, base: string): Promise<Content> {
  if (object.attributes.valueType !== 'url') return { kind: 'text', object, text: decoded(value, object) };
  const url = mediaAddress(value, base);
  try {
    const response = await fetch(url);
    if (!response.ok) return { kind: 'broken', object, url, message: t('Its address answered {status}.', { status: response.status }) };
    return { kind: 'text', object, text: decoded(await response.text(), object) };
  } catch {
    return { kind: 'broken', object, url, message: t('Its address cannot be reached.') };
  }
}

/** encoding="base64" or "base64unicode". */
function decoded(value: string, object: ObjectTag): string {
  const encoding = object.attributes.encoding;
  if (encoding !== 'base64' && encoding !== 'base64unicode') return value;
  try {
    const bytes = Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
    return new TextDecoder(encoding === 'base64' ? 'latin1' : 'utf-8').decode(bytes);
  } catch {
    return value;
  }
}

export function sizesOf(contents: readonly Content[]): Map<string, PictureSize> {
  return new Map(contents.flatMap((item) => (item.kind === 'image' ? [[item.object.name, item.size] as const] : [])));
}

export function textsOf(contents: readonly Content[]): Map<string, string> {
  return new Map(contents.flatMap((item) => (item.kind === 'text' ? [[item.object.name, item.text] as const] : [])));
}
