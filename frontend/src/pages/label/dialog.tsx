import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly foot?: ReactNode;
  readonly isWide?: boolean;
  /** Absent: it can only be left through its buttons. */
  readonly onClose?: (() => void) | undefined;
}

/** The browser's own modal dialog: it holds the focus, gives it back, and leaves with Esc. */
export function Dialog({ title, children, foot, isWide = false, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // As a layout effect it closes while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>('[data-focus]')?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? 'dialog modal wide-dialog' : 'dialog modal'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={() => {
        // Pressed twice, Esc closes a dialog without a word.
        if (dialog.current?.isConnected) (onClose ?? (() => dialog.current?.showModal()))();
      }}
      onClick={(event) => event.target === dialog.current && onClose?.()}
    >
      <div className="dialog-body">
        <header>
          <h2 id={id}>{title}</h2>
          {onClose && (
            <button type="button" className="btn ghost icon" aria-label={t('Close')} onClick={onClose}><Icon name="close" /></button>
          )}
        </header>
        <div className="content">{children}</div>
        {foot && <footer>{foot}</footer>}
      </div>
    </dialog>
  );
}
