import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Navigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { sessionQuery } from '../../api/session';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { Door, GoOn, Password } from './door';
import { useEnter } from './enter';

export function SignIn() {
  const { next, invitation } = useSearch({ from: '/user/login' });
  const session = useSuspenseQuery(sessionQuery).data;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [shown, setShown] = useState(false);
  const entering = useEnter('login', next);
  if (session.user && entering.isIdle) return <GoOn next={next} />;
  if (session.sign_up === 'first') return <Navigate to="/user/signup" replace />;
  const wrong = elsewhereWrong(entering.error, ['email', 'password']);
  const foot = session.sign_up === 'open'
    ? rich('New here? <link>Sign up</link>', { link: (words) => <Link to="/user/signup" search={{ ...(next ? { next } : {}), ...(invitation ? { invitation } : {}) }} className="link">{words}</Link> })
    : t('New here? Ask a manager of your workspace for an invitation.');
  return (
    <Door title={t('Sign in')} foot={foot}>
      {next && <p className="door-lead">{t('Then you go on where you were.')}</p>}
      <form onSubmit={(event) => { event.preventDefault(); entering.mutate({ email, password, ...(invitation ? { invitation } : {}) }); }}>
        <Field label={t('E-mail')} wrong={wrongWith(entering.error, 'email')}>
          {(wiring) => <input {...wiring} className="input large" type="email" name="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />}
        </Field>
        <Field label={t('Password')} wrong={wrongWith(entering.error, 'password')}>
          {(wiring) => <Password wiring={wiring} value={password} onChange={setPassword} shown={shown} onShow={() => setShown(!shown)} autoComplete="current-password" />}
        </Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <button type="submit" className="btn primary large block" disabled={entering.isPending}>{entering.isPending && <span className="turn" />}{t('Sign in')}</button>
      </form>
    </Door>
  );
}
