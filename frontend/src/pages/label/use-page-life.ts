import { useEffect } from 'react';
import type { Labelling } from './labelling.ts';

/** Signs of life, the network coming back, the page going out of sight or away. */
export function usePageLife(labelling: Labelling): void {
  useEffect(() => {
    const sign = (): void => labelling.open?.leadTime.sign();
    const seen = (): void => (document.hidden ? labelling.hide() : sign());
    const online = (): void => void labelling.tryAgain();
    const leave = (): void => labelling.leave();
    const ask = (event: BeforeUnloadEvent): void => {
      if (labelling.wouldLoseWork) event.preventDefault();
    };
    const signs = ['pointerdown', 'keydown', 'wheel', 'pointermove'] as const;
    for (const name of signs) addEventListener(name, sign, { passive: true, capture: true });
    document.addEventListener('visibilitychange', seen);
    addEventListener('online', online);
    addEventListener('pagehide', leave);
    addEventListener('beforeunload', ask);
    return () => {
      for (const name of signs) removeEventListener(name, sign, { capture: true });
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('online', online);
      removeEventListener('pagehide', leave);
      removeEventListener('beforeunload', ask);
    };
  }, [labelling]);
}
