import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { acceptInvitation, nameOf, sessionQuery } from '../../api/session';
import { productName } from '../../app/appearance';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { elsewhereWrong, Field, messageOf, Notice, wrongWith } from '../../ui/parts';
import { Door, GoOn, Password } from './door';
import { useEnter } from './enter';

const FIELDS = ['email', 'password', 'first_name', 'last_name'];
const LEAST_LETTERS = 8;

export function SignUp() {
  const { next, invitation } = useSearch({ from: '/user/signup' });
  const session = useSuspenseQuery(sessionQuery).data;
  const [values, setValues] = useState({ email: '', password: '', first_name: '', last_name: '' });
  const [shown, setShown] = useState(false);
  const entering = useEnter('signup', next);
  if (session.user && invitation && entering.isIdle) return <Join token={invitation} />;
  if (session.user && entering.isIdle) return <GoOn next={next} />;
  if (session.sign_up === 'invited' && !invitation) return <Closed />;
  const set = (key: keyof typeof values) => (value: string) => setValues({ ...values, [key]: value });
  const text = (key: keyof typeof values, label: string, autoComplete: string, type = 'text') => (
    <Field label={label} wrong={wrongWith(entering.error, key)}>
      {(wiring) => <input {...wiring} className="input large" type={type} name={key} autoComplete={autoComplete} required={key === 'email'} autoFocus={key === 'first_name'} value={values[key]} onChange={(event) => set(key)(event.target.value)} />}
    </Field>
  );
  const wrong = elsewhereWrong(entering.error, FIELDS);
  const first = session.sign_up === 'first';
  return (
    <Door title={first ? t('Set up {product}', { product: productName() }) : t('Sign up')} foot={first ? undefined : rich('Already here? <link>Sign in</link>', { link: (words) => <Link to="/user/login" search={next ? { next } : {}} className="link">{words}</Link> })}>
      <p className="door-lead">{first ? t('You are the first here: this account will own the installation.') : invitation ? t('You were invited. This makes your account and joins the workspace.') : t('Label pictures and texts, alone or together.')}</p>
      <form onSubmit={(event) => { event.preventDefault(); entering.mutate({ ...values, ...(invitation ? { invitation } : {}) }); }}>
        <div className="two-up">{text('first_name', t('First name'), 'given-name')}{text('last_name', t('Last name'), 'family-name')}</div>
        {text('email', 'E-mail', 'username', 'email')}
        <Field label={t('Password')} hint={t('At least {least} characters', { least: LEAST_LETTERS })} wrong={wrongWith(entering.error, 'password')}>
          {(wiring) => <Password wiring={wiring} value={values.password} onChange={set('password')} shown={shown} onShow={() => setShown(!shown)} autoComplete="new-password" />}
        </Field>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <button type="submit" className="btn primary large block" disabled={entering.isPending}>{entering.isPending && <span className="turn" />}{first ? t('Create the first account') : t('Sign up')}</button>
      </form>
    </Door>
  );
}

const Closed = () => (
  <Door title={t('By invitation only')} foot={rich('Already here? <link>Sign in</link>', { link: (words) => <Link to="/user/login" className="link">{words}</Link> })}>
    <p className="door-lead">{t('Ask a manager of your workspace to invite you. The link that they send opens this page with the form.')}</p>
  </Door>
);

/** An invitation that somebody opens who is already signed in. */
function Join({ token }: { token: string }) {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const client = useQueryClient();
  const navigate = useNavigate();
  const join = useMutation({
    mutationFn: () => acceptInvitation(token),
    onSuccess: async () => {
      await client.invalidateQueries();
      await navigate({ to: '/projects' });
    },
  });
  return (
    <Door title={t('Join the workspace')} foot={<Link to="/projects" className="link">{t('Not now')}</Link>}>
      <p className="door-lead">{t('You are signed in as {name}.', { name: user ? nameOf(user) : '' })}</p>
      <form onSubmit={(event) => { event.preventDefault(); join.mutate(); }}>
        {join.error && <Notice tone="bad" live>{messageOf(join.error)}</Notice>}
        <button type="submit" className="btn primary large block" disabled={join.isPending}>{t('Join')}</button>
      </form>
    </Door>
  );
}
