import { useState, type FormEvent } from 'react';
import { plural, t } from '../../i18n/words.ts';
import { Dialog } from './dialog.tsx';
import type { Labelling } from './labelling.ts';

/** The session has ended: sign in here, and everything that waits is sent. */
export function SignInDialog({ labelling, email, unsent }: { labelling: Labelling; email: string | null; unsent: number }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setTrouble(await labelling.signIn(String(form.get('email')), String(form.get('password'))));
    setBusy(false);
  };
  return (
    <Dialog title={email === null ? t('Sign in') : t('Sign in again')}>
      <form className="col form" onSubmit={(event) => void submit(event)} data-testid="sign-in">
        {email !== null && <p className="two">{waiting(unsent)}</p>}
        <div className="field">
          <label htmlFor="sign-in-email">{t('E-mail')}</label>
          <input id="sign-in-email" className="input large" name="email" type="email" autoComplete="username" required defaultValue={email ?? ''} data-focus={email === null ? '' : undefined} />
        </div>
        <div className="field">
          <label htmlFor="sign-in-password">{t('Password')}</label>
          <input id="sign-in-password" className="input large" name="password" type="password" autoComplete="current-password" required data-focus={email !== null ? '' : undefined} />
        </div>
        {trouble && <p className="notice bad" role="alert">{trouble}</p>}
        <button type="submit" className="btn primary large block" disabled={isBusy}>{isBusy ? t('Signing in') : t('Sign in')}</button>
      </form>
    </Dialog>
  );
}

function waiting(unsent: number): string {
  if (unsent === 0) return t('Your session has ended. The page stays as it is.');
  return plural(unsent, 'Your session has ended. One save is kept here and will be sent as soon as you are back.', 'Your session has ended. {n} saves are kept here and will be sent as soon as you are back.');
}
