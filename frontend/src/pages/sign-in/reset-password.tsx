import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useRouter, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { sessionQuery, setPasswordByLink } from '../../api/session';
import { t } from '../../i18n/words';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { Door, Password } from './door';
import { goOn } from './enter';

const LEAST_LETTERS = 8;

/** Where a link for a password leads: choose one, and be signed in. */
export function ResetPassword() {
  const { token = '' } = useSearch({ from: '/user/reset-password' });
  const [password, setPassword] = useState('');
  const [shown, setShown] = useState(false);
  const client = useQueryClient();
  const router = useRouter();
  const choose = useMutation({
    mutationFn: () => setPasswordByLink(token, password),
    onSuccess: async () => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      goOn(router, undefined);
    },
  });
  const wrong = elsewhereWrong(choose.error, ['password']);
  return (
    <Door title={t('Choose a password')} foot={<Link to="/user/login" className="link">{t('Sign in instead')}</Link>}>
      <p className="door-lead">{t('The link works once. Whoever is signed in as you elsewhere has to sign in again.')}</p>
      <form onSubmit={(event) => { event.preventDefault(); choose.mutate(); }}>
        <Field label={t('Password')} hint={t('At least {least} characters', { least: LEAST_LETTERS })} wrong={wrongWith(choose.error, 'password')}>
          {(wiring) => <Password wiring={wiring} value={password} onChange={setPassword} shown={shown} onShow={() => setShown(!shown)} autoComplete="new-password" />}
        </Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <button type="submit" className="btn primary large block" disabled={password.length < LEAST_LETTERS || choose.isPending}>{choose.isPending && <span className="turn" />}{t('Set the password')}</button>
      </form>
    </Door>
  );
}
