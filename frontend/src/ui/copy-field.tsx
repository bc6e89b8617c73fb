import { useState } from 'react';
import { t } from '../i18n/words';
import { Icon } from './icon';
import { sayNotCopied } from './toast';

/** A text to take away: marked when it is focused, and copied by the button where the browser can. */
export function CopyField({ value, name }: { value: string; name: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(value).then(() => setCopied(true), sayNotCopied);
  return (
    <div className="row copy-field">
      <input className="input mono-input" readOnly value={value} aria-label={name} onFocus={(event) => event.target.select()} autoFocus />
      {'clipboard' in navigator && <button type="button" className="btn" onClick={copy}><Icon name={copied ? 'check' : 'copy'} />{copied ? t('Copied') : t('Copy')}</button>}
      <span className="unseen" role="status">{copied ? t('It is copied.') : ''}</span>
    </div>
  );
}
