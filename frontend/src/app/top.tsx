import type { ReactNode } from 'react';
import { Icon } from '../ui/icon';
import { useOverlay } from './overlay';

/** The bar over a page: where you are, the state that matters most, one primary act. */
export function Top({ crumb, title, children }: { crumb?: ReactNode; title: string; children?: ReactNode }) {
  const show = useOverlay((state) => state.show);
  return (
    <header className="top">
      <button type="button" className="btn ghost icon menu-button" aria-label="Menu" onClick={() => show('rail')}><Icon name="menu" /></button>
      {crumb && <><span className="two wide">{crumb}</span><span className="sep wide" aria-hidden="true">/</span></>}
      <h1 title={title}>{title}</h1>
      {children}
    </header>
  );
}
