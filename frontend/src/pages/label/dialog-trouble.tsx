import { Component, type ReactNode } from 'react';
import { t } from '../../i18n/words';

/** A dialog could not be fetched: no network, or the server was updated meanwhile. The work itself goes on. */
export class DialogTrouble extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="corner note trouble-note" role="alert">
        {t('A part of this page could not be fetched. Your work is kept; reload the page when the network is there.')}
        <button type="button" className="btn" onClick={() => location.reload()}>{t('Reload')}</button>
      </div>
    );
  }
}
