import { useState } from 'react';
import { t } from '../i18n/words';
import { Icon } from './icon';
import { sayNotCopied } from './toast';

/** A command or an address in the mono face with the button that copies it. */
export function CopyLine({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true), sayNotCopied);
  return (
    <span className="copy-line">
      <code className="mono">{text}</code>
      {'clipboard' in navigator && <button type="button" className="btn ghost icon small" aria-label={t('Copy {text}', { text })} title={t('Copy')} onClick={copy}><Icon name={copied ? 'check' : 'copy'} /></button>}
      <span className="unseen" role="status">{copied ? t('It is copied.') : ''}</span>
    </span>
  );
}
