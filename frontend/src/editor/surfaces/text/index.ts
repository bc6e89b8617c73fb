/**
 * Texts: reading and marking spans.
 *
 * Promises: the text's nodes are never changed where the browser knows CSS highlights; a span begins and ends with no
 * white space and splits no character; offsets are UTF-16, as in the model. Refuses: spans of nothing but white space.
 */
import type { Editor } from '../../model/editor';
import { TextSurface, type TextSurfaceOptions } from './text-surface';

export type { ClientPoint, TextSurface, TextSurfaceOptions } from './text-surface';

/** Shows a text in an element that is positioned and has a size. */
export function mountTextSurface(host: HTMLElement, editor: Editor, options: TextSurfaceOptions): TextSurface {
  return new TextSurface(host, editor, options);
}
