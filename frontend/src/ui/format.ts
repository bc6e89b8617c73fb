/** Figures as people read them. */
import { dateLocale, figure, t } from '../i18n/words';

const PLURAL = new Intl.PluralRules('en');

export const count = (n: number): string => figure(n);

/** "1 task", "2,400 tasks": in English, for pages without translations; others say `plural`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${PLURAL.select(n) === 'one' ? one : many}`;
}

export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const step = Math.min(Math.floor(Math.log10(size) / 3), 4);
  const value = size / 1000 ** step;
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ${['B', 'kB', 'MB', 'GB', 'TB'][step]}`;
}

const STEPS: Array<[seconds: number, shown: string]> = [[86_400 * 365, 'y'], [86_400 * 30, 'mo'], [86_400, 'd'], [3600, 'h'], [60, 'min']];

/** "2 min", "1 h", "now": how long ago, as short as a table cell wants it. */
export function ago(time: string, now = Date.now()): string {
  const seconds = (now - Date.parse(time)) / 1000;
  for (const [size, unit] of STEPS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return 'now';
}

/** The same in the person's language. */
const STEP_WORDS: Record<string, string> = { y: t('{n} y@@years'), mo: t('{n} mo@@months'), d: t('{n} d@@days'), h: t('{n} h@@hours'), min: t('{n} min@@minutes') };

export function age(time: string, now = Date.now()): string {
  const [n = '', unit] = ago(time, now).split(' ');
  return unit === undefined ? t('now') : (STEP_WORDS[unit] ?? '').replace('{n}', n);
}

/** "5 min ago", "just now". */
export const since = (time: string, now = Date.now()): string => (ago(time, now) === 'now' ? t('just now') : t('{time} ago', { time: age(time, now) }));

/** When a token or key was used last, if ever. */
export const lastUsed = (time: string | null | undefined): string => (time == null ? t('never used') : t('last used {when}', { when: since(time) }));

/** The whole moment, for a tooltip. */
export const moment = (time: string): string => new Date(time).toLocaleString(dateLocale(), { dateStyle: 'medium', timeStyle: 'short' });
export const day = (time: string): string => new Date(time).toLocaleDateString(dateLocale(), { dateStyle: 'medium' });

const HUES = ['#8d5524', '#4263eb', '#0c7a5c', '#a03b8f', '#b3411d', '#5c6773', '#7048e8', '#1a6fb0'];

/** The colour that stands for a person or a workspace, always the same; white text on it reads. */
export function colourOf(key: string | number): string {
  let sum = 0;
  for (const letter of String(key)) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return HUES[sum % HUES.length] as string;
}
