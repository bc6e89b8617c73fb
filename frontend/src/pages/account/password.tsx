import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { changePassword } from '../../api/session';
import { t } from '../../i18n/words';
import { elsewhereWrong, Field, Notice, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';

const SHORTEST = 8;

/** A new password; every other browser that is signed in as this person has to sign in again. */
export function Password() {
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const change = useMutation({
    mutationFn: () => changePassword({ current_password: current, password: wanted }),
    onSuccess: () => {
      setCurrent('');
      setWanted('');
      say(t('Your password is changed. Other browsers have to sign in again.'));
    },
  });
  const wrong = elsewhereWrong(change.error, ['current_password', 'password']);
  return (
    <section className="card" aria-labelledby="password">
      <h2 id="password">{t('Password')}</h2>
      <form className="col" style={{ gap: 12 }} onSubmit={(event) => { event.preventDefault(); change.mutate(); }}>
        <div className="two-columns">
          <Field label={t('Current password')} wrong={wrongWith(change.error, 'current_password')}>{(wiring) => <input {...wiring} className="input" type="password" autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.target.value)} />}</Field>
          <Field label={t('New password')} hint={t('At least {least} characters', { least: SHORTEST })} wrong={wrongWith(change.error, 'password')}>{(wiring) => <input {...wiring} className="input" type="password" autoComplete="new-password" value={wanted} onChange={(event) => setWanted(event.target.value)} />}</Field>
        </div>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <div className="row"><button type="submit" className="btn" disabled={!current || wanted.length < SHORTEST || change.isPending}>{t('Change password')}</button></div>
      </form>
    </section>
  );
}
