import { useEffect, useRef } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import { keepFocus } from './keep-focus.ts';
import type { PictureSurface } from './stage-surfaces.ts';

/** The camera moves with every frame; the figure follows at this pace, and not through React. */
const PACE_MS = 250;

export function ZoomCorner({ surface }: { surface: PictureSurface }) {
  const figure = useRef<HTMLButtonElement>(null);
  useEffect(() => followZoom(surface, figure.current!), [surface]);
  return (
    <div className="corner zoom wide" role="group" aria-label={t('Zoom')}>
      <button type="button" className="btn ghost icon" aria-label={t('Zoom out')} title={`${t('Zoom out')}  -`} {...keepFocus} onClick={() => surface.zoomBy(1 / 1.25)}>
        <Icon name="minus" />
      </button>
      <button type="button" className="btn ghost percent" title={`${t('Fit the picture')}  Shift F`} ref={figure} {...keepFocus} onClick={() => surface.fit()} />
      <button type="button" className="btn ghost icon" aria-label={t('Zoom in')} title={`${t('Zoom in')}  +`} {...keepFocus} onClick={() => surface.zoomBy(1.25)}>
        <Icon name="plus" />
      </button>
    </div>
  );
}

function followZoom(surface: PictureSurface, figure: HTMLElement): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    timer = undefined;
    const text = `${Math.round(surface.zoomPercent())} %`;
    if (figure.textContent !== text) figure.textContent = text;
  };
  write();
  const off = surface.subscribe(() => (timer ??= setTimeout(write, PACE_MS)));
  return () => {
    clearTimeout(timer);
    off();
  };
}
