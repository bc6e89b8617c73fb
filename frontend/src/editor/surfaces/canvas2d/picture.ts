import { t } from '../../../i18n/words';
import type { PictureSize } from '../../model/types';

export interface LoadedPicture {
  readonly element: HTMLImageElement;
  /** In picture pixels, after EXIF orientation. */
  readonly size: PictureSize;
}

/**
 * Loads and decodes a picture.
 *
 * @throws Error that names the address and says why it cannot be shown.
 */
export async function loadPicture(url: string): Promise<LoadedPicture> {
  if (url.trim() === '') throw new Error(t('This task names no picture: its address is empty.'));
  const element = new Image();
  element.alt = ''; // named by the element around it
  element.decoding = 'async';
  element.draggable = false;
  const arrived = arrivalOf(element);
  element.src = url;
  if (!(await arrived)) throw new Error(t('The picture {url} cannot be shown: {why}', { url, why: await reasonOf(url) }));
  try {
    await element.decode();
  } catch {
    throw new Error(t('The picture {url} cannot be shown: {why}', { url, why: t('its content is damaged or cut short.') }));
  }
  const size = { width: element.naturalWidth, height: element.naturalHeight };
  if (size.width < 1 || size.height < 1) throw new Error(t('The picture {url} cannot be shown: {why}', { url, why: t('it has no size in pixels.') }));
  return { element, size };
}

function arrivalOf(element: HTMLImageElement): Promise<boolean> {
  return new Promise((resolve) => {
    element.addEventListener('load', () => resolve(true), { once: true });
    element.addEventListener('error', () => resolve(false), { once: true });
  });
}

/** An image element does not say what failed, so ask once more in a way that does. */
async function reasonOf(url: string): Promise<string> {
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch {
    return t('it could not be reached (no network, or its server does not allow this page to ask).');
  }
  const type = answer.headers.get('content-type') ?? t('of unknown kind');
  void answer.body?.cancel();
  if (!answer.ok) return t('the server answered {status}.', { status: `${answer.status} ${answer.statusText}`.trimEnd() });
  if (!type.startsWith('image/')) return t('it is not a picture but {type}.', { type });
  return t('this browser cannot decode it ({type}); its content may be damaged, cut short or mislabelled.', { type });
}
