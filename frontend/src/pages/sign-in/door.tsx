import { useRouter } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { address } from '../../api/addresses';
import { logoAddress, productName } from '../../app/appearance';
import { useTitle } from '../../app/use-title';
import { t } from '../../i18n/words';
import { Icon } from '../../ui/icon';
import './door.css';
import { goOn } from './enter';

/** The frame of the pages in front of the sign-in. */
export function Door({ title, children, foot }: { title: string; children: ReactNode; foot?: ReactNode }) {
  useTitle(title);
  return (
    <div className="door">
      <main className="door-box">
        <div className="door-mark"><Mark /><span>{productName()}</span></div>
        <h1>{title}</h1>
        {children}
        {foot && <p className="door-foot two">{foot}</p>}
      </main>
    </div>
  );
}

const Mark = () => (logoAddress() ? <img className="door-logo" src={address(logoAddress() ?? '')} alt="" /> : (
  <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
    <rect width="32" height="32" rx="8" fill="var(--accent)" />
    <path d="M9 11h14M16 11v12M10 23h12" stroke="var(--on-accent)" strokeWidth="2.6" strokeLinecap="round" fill="none" />
    <circle cx="9" cy="11" r="2.4" fill="var(--on-accent)" /><circle cx="23" cy="11" r="2.4" fill="var(--on-accent)" />
  </svg>
));

interface PasswordProps {
  wiring: Record<string, unknown>;
  value: string;
  onChange: (value: string) => void;
  shown: boolean;
  onShow: () => void;
  autoComplete: 'current-password' | 'new-password';
}

/** A password that can be looked at while it is typed. */
export const Password = ({ wiring, value, onChange, shown, onShow, autoComplete }: PasswordProps) => (
  <div className="password">
    <input {...wiring} className="input large" type={shown ? 'text' : 'password'} name="password" autoComplete={autoComplete} required value={value} onChange={(event) => onChange(event.target.value)} />
    <button type="button" className="btn ghost icon" aria-label={shown ? t('Hide the password') : t('Show the password')} aria-pressed={shown} onClick={onShow}><Icon name={shown ? 'eyeoff' : 'eye'} /></button>
  </div>
);

/** For somebody who is signed in already. */
export function GoOn({ next }: { next: string | undefined }) {
  const router = useRouter();
  useEffect(() => goOn(router, next), [router, next]);
  return null;
}
