import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { chooseLanguage, initialsOf, removePicture, renamePerson, sessionQuery, setPicture } from '../../api/session';
import { productName } from '../../app/appearance';
import { keepLanguage, usualLanguage } from '../../app/language';
import { type Theme, useTheme } from '../../app/theme';
import { Top } from '../../app/top';
import { isLanguage, type Language, LANGUAGES } from '../../i18n/languages';
import { rich } from '../../i18n/rich';
import { t } from '../../i18n/words';
import { Icon, type IconName } from '../../ui/icon';
import { Avatar, elsewhereWrong, Field, messageOf, Notice, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { Password } from './password';
import { S3Keys } from './s3-keys';
import { Tokens } from './tokens';
import './account.css';

/** You: your name, how Treadle looks, and the tokens that act for you. */
export function Account() {
  const { user, version } = useSuspenseQuery(sessionQuery).data;
  return (
    <>
      <Top title={t('Settings')} tab={t('Account')} />
      <div className="scroll">
        <div className="narrow">
          {user && <Name key={user.id} />}
          <Password />
          <Look />
          <OwnLanguage />
          <Tokens />
          <S3Keys />
          <p className="muted small about-line">{productName()} {version}</p>
        </div>
      </div>
    </>
  );
}

function Name() {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const client = useQueryClient();
  const [first, setFirst] = useState(user?.first_name ?? '');
  const [last, setLast] = useState(user?.last_name ?? '');
  const save = useMutation({
    mutationFn: () => renamePerson(user?.id ?? 0, { first_name: first.trim(), last_name: last.trim() }),
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries(sessionQuery), client.invalidateQueries({ queryKey: ['people'] })]);
      say(t('Your name is saved.'));
    },
  });
  const changed = first.trim() !== user?.first_name || last.trim() !== user?.last_name;
  const wrong = elsewhereWrong(save.error, ['first_name', 'last_name']);
  return (
    <section className="card" aria-labelledby="you">
      <h2 id="you">{t('You')}</h2>
      <Picture />
      <form className="col" style={{ gap: 12 }} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
        <div className="two-columns">
          <Field label={t('First name')} wrong={wrongWith(save.error, 'first_name')}>{(wiring) => <input {...wiring} className="input" autoComplete="given-name" value={first} onChange={(event) => setFirst(event.target.value)} maxLength={100} />}</Field>
          <Field label={t('Last name')} wrong={wrongWith(save.error, 'last_name')}>{(wiring) => <input {...wiring} className="input" autoComplete="family-name" value={last} onChange={(event) => setLast(event.target.value)} maxLength={100} />}</Field>
        </div>
        <p className="two">{rich('You sign in as {email}.', { email: <b className="b">{user?.email}</b> })}</p>
        {wrong && <Notice tone="bad" live>{wrong}</Notice>}
        <div className="row"><button type="submit" className="btn" disabled={!changed || save.isPending}>{t('Save name')}</button></div>
      </form>
    </section>
  );
}

/** One's picture, or the initials that stand for it. */
function Picture() {
  const { user } = useSuspenseQuery(sessionQuery).data;
  const client = useQueryClient();
  const picker = useRef<HTMLInputElement>(null);
  const change = useMutation({
    mutationFn: (file: File | null) => (file ? setPicture(user?.id ?? 0, file) : removePicture(user?.id ?? 0)),
    onSuccess: () => Promise.all([client.invalidateQueries(sessionQuery), client.invalidateQueries({ queryKey: ['people'] })]),
  });
  if (!user) return null;
  return (
    <>
      <div className="row wrap picture-row">
        <Avatar large seed={user.email} initials={initialsOf(user)} picture={user.avatar} />
        <button type="button" className="btn" disabled={change.isPending} onClick={() => picker.current?.click()}>{change.isPending && <span className="turn" />}{user.avatar ? t('Another picture') : t('Choose a picture')}</button>
        {user.avatar && <button type="button" className="btn ghost" disabled={change.isPending} onClick={() => change.mutate(null)}>{t('Remove it')}</button>}
        <input ref={picker} type="file" accept="image/*" hidden aria-label={t('Picture of you')} onChange={(event) => { const file = event.target.files?.[0]; if (file) change.mutate(file); event.target.value = ''; }} />
      </div>
      {change.error && <Notice tone="bad" live>{messageOf(change.error)}</Notice>}
    </>
  );
}

/** The language of the pages: one's own, else what this installation and the browser say. */
function OwnLanguage() {
  const chosen = useSuspenseQuery(sessionQuery).data.language ?? '';
  const choose = useMutation({
    mutationFn: (wanted: Language | null) => chooseLanguage(wanted),
    onSuccess: (_, wanted) => {
      keepLanguage(wanted);
      location.reload(); // everything that is said is said anew
    },
  });
  return (
    <section className="card" aria-labelledby="language">
      <h2 id="language">{t('Language')}</h2>
      <Field label={t('Language of the pages')} wrong={choose.error ? messageOf(choose.error) : undefined}>
        {(wiring) => (
          <select {...wiring} className="input" value={chosen} disabled={choose.isPending} onChange={(event) => choose.mutate(isLanguage(event.target.value) ? event.target.value : null)}>
            <option value="">{t('As usual here: {language}', { language: LANGUAGES[usualLanguage()] })}</option>
            {Object.entries(LANGUAGES).map(([each, name]) => <option key={each} value={each} lang={each}>{name}</option>)}
          </select>
        )}
      </Field>
    </section>
  );
}

const THEMES: ReadonlyArray<readonly [theme: Theme, words: string, icon: IconName]> = [['system', t('As this machine'), 'screen'], ['light', t('Light@@a theme'), 'sun'], ['dark', t('Dark@@a theme'), 'moon']];

function Look() {
  const { theme, setTheme } = useTheme();
  return (
    <section className="card" aria-labelledby="look">
      <h2 id="look">{t('Theme')}</h2>
      <span className="seg" role="group" aria-labelledby="look">
        {THEMES.map(([each, words, icon]) => <button key={each} type="button" className={each === theme ? 'on' : ''} aria-pressed={each === theme} onClick={() => setTheme(each)}><Icon name={icon} />{words}</button>)}
      </span>
    </section>
  );
}
