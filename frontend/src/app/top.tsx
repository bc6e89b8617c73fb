import type { ReactNode } from 'react';
import { language, t } from '../i18n/words';
import { Icon } from '../ui/icon';
import { useOverlay } from './overlay';
import { useTitle } from './use-title';

interface TopProps {
  crumb?: ReactNode;
  title: string;
  /** What the browser's tab says, from the page outwards; without it the title. */
  tab?: string | string[];
  /** What the bar is written in, where the page below it is in another language. */
  lang?: string;
  children?: ReactNode;
}

/** The bar over a page: where you are, the state that matters most, one primary act. */
export function Top({ crumb, title, tab = title, lang, children }: TopProps) {
  const show = useOverlay((state) => state.show);
  useTitle(...(Array.isArray(tab) ? tab : [tab]));
  return (
    <header className="top" lang={lang}>
      <button type="button" className="btn ghost icon menu-button" lang={language} aria-label={t('Menu')} onClick={() => show('rail')}><Icon name="menu" /></button>
      {crumb && <><span className="two wide">{crumb}</span><span className="sep wide" aria-hidden="true">/</span></>}
      <h1 title={title}>{title}</h1>
      {children}
    </header>
  );
}
