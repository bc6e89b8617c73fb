import { useCallback, useSyncExternalStore } from 'react';
import { Icon } from '../../ui/icon.tsx';
import { keepFocus } from './keep-focus.ts';
import type { PictureSurface } from './stage-surfaces.ts';

export function ZoomCorner({ surface }: { surface: PictureSurface }) {
  const subscribe = useCallback((listener: () => void) => surface.subscribe(listener), [surface]);
  const percent = useSyncExternalStore(subscribe, () => Math.round(surface.zoomPercent()));
  return (
    <div className="corner zoom wide" role="group" aria-label="Zoom">
      <button type="button" className="btn ghost icon" aria-label="Zoom out" title="Zoom out  -" {...keepFocus} onClick={() => surface.zoomBy(1 / 1.25)}>
        <Icon name="minus" />
      </button>
      <button type="button" className="btn ghost percent" title="Fit the picture  Shift F" aria-label={`Zoom ${percent} %. Fit the picture`} {...keepFocus} onClick={() => surface.fit()}>
        {percent} %
      </button>
      <button type="button" className="btn ghost icon" aria-label="Zoom in" title="Zoom in  +" {...keepFocus} onClick={() => surface.zoomBy(1.25)}>
        <Icon name="plus" />
      </button>
    </div>
  );
}
