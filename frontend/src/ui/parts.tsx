import { useId, type ReactNode } from 'react';
import { address } from '../api/addresses';
import { ApiError } from '../api/client';
import { t } from '../i18n/words';
import { colourOf } from './format';
import { Icon, type IconName } from './icon';

export type Tone = '' | 'good' | 'warn' | 'bad' | 'accent';

export const Pill = ({ tone = '', children }: { tone?: Tone; children: ReactNode }) => <span className={`pill ${tone}`}>{children}</span>;

/** A bar from 0 to 1. It repeats a figure that stands beside it, so it has no name of its own. */
export const Meter = ({ share, tone = '', wide = false }: { share: number; tone?: Tone; wide?: boolean }) => (
  <span className={wide ? 'meter wide-meter' : 'meter'} aria-hidden="true">
    <i className={tone} style={{ width: `${Math.max(0, Math.min(1, share)) * 100}%` }} />
  </span>
);

/** The bar of something that runs, spoken to screen readers; without a share it says only that it runs. */
export const Progress = ({ share, name }: { share: number | undefined; name: string }) => (
  <span className="meter wide-meter" role="progressbar" aria-label={name} aria-valuemin={0} aria-valuemax={100} aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}>
    <i className={share === undefined ? 'unknown' : ''} style={{ width: share === undefined ? '30%' : `${share * 100}%` }} />
  </span>
);

interface AvatarProps {
  initials: string;
  seed: string | number;
  square?: boolean;
  large?: boolean;
  title?: string;
  /** The address of a small picture, shown in place of the initials. */
  picture?: string | null | undefined;
}

export const Avatar = ({ initials, seed, square = false, large = false, title, picture }: AvatarProps) => (
  <span className={`av${square ? ' square' : ''}${large ? ' large' : ''}`} style={{ ['--c' as string]: colourOf(seed) }} title={title} aria-hidden={title ? undefined : true} role={title ? 'img' : undefined} aria-label={title}>
    {picture ? <img src={address(picture)} alt="" /> : initials}
  </span>
);

export const Skeleton = ({ width, height = 12 }: { width: number | string; height?: number }) => <span className="skel" style={{ width, height }} aria-hidden="true" />;

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  wrong?: string | undefined;
  children: (wiring: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}

/** A labelled control with its hint and its mistake wired up for those who hear the page. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const described = [hint ? `${id}-hint` : '', wrong ? `${id}-wrong` : ''].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, ...(described ? { 'aria-describedby': described } : {}), ...(wrong ? { 'aria-invalid': true as const } : {}) })}
      {hint && <span className="hint" id={`${id}-hint`}>{hint}</span>}
      {wrong && <span className="wrong" id={`${id}-wrong`} role="alert">{wrong}</span>}
    </div>
  );
}

const NOTICE_ICON: Record<Tone, IconName> = { '': 'note', accent: 'note', good: 'check', warn: 'warn', bad: 'warn' };

export const Notice = ({ tone = '', children, live = false }: { tone?: Tone; children: ReactNode; live?: boolean }) => (
  <div className={`notice ${tone}`} role={live ? 'alert' : undefined}>
    <Icon name={NOTICE_ICON[tone]} />
    <div className="body">{children}</div>
  </div>
);

interface EmptyProps {
  /** 1 where it is all that the page holds. */
  level?: 1 | 2;
  art?: ReactNode;
  title: string;
  children?: ReactNode;
  acts?: ReactNode;
}

/** Nothing here, and the one thing to do next. */
export const Empty = ({ art, title, children, acts, level = 2 }: EmptyProps) => (
  <div className="empty">
    {art && <div className="art">{art}</div>}
    {level === 1 ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children && <p>{children}</p>}
    {acts && <div className="acts">{acts}</div>}
  </div>
);

/** What failed, in the server's words, and the button that helps. */
export function Failure({ error, retry, what, acts }: { error: unknown; retry?: (() => void) | undefined; what: string; acts?: ReactNode }) {
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 403);
  return (
    <Empty art={<Icon name="warn" size={28} />} title={missing ? t('{what} is not here', { what }) : t('{what} could not be loaded', { what })} acts={<>{retry && !missing && <button type="button" className="btn" onClick={retry}><Icon name="again" />{t('Try again')}</button>}{acts}</>}>
      {messageOf(error)}
    </Empty>
  );
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The server's words about one field of a refused form. */
export const wrongWith = (error: unknown, field: string): string | undefined =>
  error instanceof ApiError ? error.fields[field]?.[0] : undefined;

/** What a refused form says that belongs to none of these fields. */
export function elsewhereWrong(error: unknown, fields: readonly string[]): string | undefined {
  if (!error) return undefined;
  return fields.some((field) => wrongWith(error, field)) ? undefined : messageOf(error);
}
