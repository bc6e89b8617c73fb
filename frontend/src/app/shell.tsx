import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { Dialog, Modal, ModalOverlay } from 'react-aria-components';
import { t } from '../i18n/words';
import { useKeys } from './keys';
import { useFold, useOverlay } from './overlay';
import { Rail } from './rail';
import { languageOfPage } from './spoken-pages';
import { may, useWorkspace } from './workspace';

const Palette = lazy(() => import('./palette').then((module) => ({ default: module.Palette })));
const KeySheet = lazy(() => import('./key-sheet').then((module) => ({ default: module.KeySheet })));

/** The frame of every page behind the sign-in. */
export function Shell() {
  const { open, show } = useOverlay();
  const folded = useFold((state) => state.folded);
  const navigate = useNavigate();
  const makes = may(useWorkspace(), 'edit');
  useKeys({
    'mod+k': () => show(open === 'palette' ? null : 'palette'),
    '?': () => show('keys'),
    ...(makes ? { n: () => void navigate({ to: '/projects/new' }) } : {}),
  });
  return (
    <div className={folded ? 'app folded' : 'app'}>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>{t('Skip to the page')}</a>
      <Rail />
      <Page />
      {open === 'rail' && <Drawer onClose={() => show(null)} />}
      <Suspense fallback={null}>
        {open === 'palette' && <Palette />}
        {open === 'keys' && <KeySheet />}
      </Suspense>
    </div>
  );
}

/** Moves the focus to the page after each navigation, so that keyboards and screen readers start there. */
function Page() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const page = useRouterState({ select: (state) => state.matches.at(-1)?.fullPath });
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [path]);
  return <main className="page" id="main" lang={languageOfPage(page)} tabIndex={-1} ref={main}><Outlet /></main>;
}

function Drawer({ onClose }: { onClose: () => void }) {
  return (
    <ModalOverlay className="drawer-veil" isOpen isDismissable onOpenChange={(open) => { if (!open) onClose(); }}>
      <Modal className="drawer"><Dialog aria-label={t('Menu')}><Rail onGo={onClose} /></Dialog></Modal>
    </ModalOverlay>
  );
}
