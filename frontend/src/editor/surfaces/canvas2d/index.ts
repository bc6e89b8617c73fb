/**
 * Pictures: looking, drawing and editing on two canvases over an image element.
 *
 * Promises: positions are right to within one picture pixel at any zoom and density; shapes stay inside the picture;
 * one drag is one step of undo; a drag frame paints nothing. Refuses: pictures that cannot be loaded or decoded.
 */
import type { Editor } from '../../model/editor';
import { ImageSurface, type ImageSurfaceOptions } from './image-surface';
import { loadPicture } from './picture';

export type { ImageSurface, ImageSurfaceOptions, PictureRect } from './image-surface';

/**
 * Shows a picture in an element that is positioned and has a size; its padding stays free around a fitted picture.
 *
 * @throws Error that names the address and says why the picture cannot be shown.
 */
export async function mountImageSurface(
  host: HTMLElement,
  editor: Editor,
  options: ImageSurfaceOptions,
): Promise<ImageSurface> {
  const picture = await loadPicture(options.url);
  return new ImageSurface(host, editor, picture, options);
}
