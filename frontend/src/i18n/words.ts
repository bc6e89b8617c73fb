/**
 * What the pages say, in the person's language. English stands in the code and is the key of its translations, so
 * that English needs nothing more, and a text without a translation shows as English.
 *
 * public/theme.js has chosen the language, and its catalogue has run before any module does: what is said is right
 * from the first drawing, also in constants.
 */

import { isLanguage, type Language } from './languages.ts';

/** A translation: one text, or one for each plural of the language. */
export type Translation = string | Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;
export type Catalogue = Readonly<Record<string, Translation>>;
export type Values = Readonly<Record<string, string | number | undefined>>;

declare global {
  interface Window {
    treadleWords?: Catalogue | undefined;
    /** Which catalogues have run. */
    treadleArrived?: readonly string[] | undefined;
  }
}

/** What theme.js chose, if all its catalogues are here: a page that calls itself Korean must not speak English. */
function arrived(): { language: Language; catalogue: Catalogue } {
  const { lang } = document.documentElement;
  const wanted = document.querySelector<HTMLElement>('script[data-words]')?.dataset['words']?.split(' ') ?? [];
  if (isLanguage(lang) && wanted.every((part) => window.treadleArrived?.includes(part))) return { language: lang, catalogue: window.treadleWords ?? {} };
  document.documentElement.lang = 'en';
  return { language: 'en', catalogue: {} };
}

const start = typeof document === 'undefined' ? { language: 'en' as const, catalogue: {} } : arrived();

/** The language that the page is in. */
export let language: Language = start.language;
let catalogue: Catalogue = start.catalogue;
let plurals = new Intl.PluralRules(language);
let figures = new Intl.NumberFormat(language);

/** Says everything in another language from now on: for tests; a page is loaded anew instead. */
export function speak(other: Language, words: Catalogue): void {
  language = other;
  catalogue = words;
  plurals = new Intl.PluralRules(other);
  figures = new Intl.NumberFormat(other);
}

/** What follows `@@` in a text tells apart what English calls the same; nobody sees it. */
const shownOf = (text: string): string => text.split('@@', 1)[0] as string;

/** The translation of a text, with its placeholders. */
export function translated(text: string): string {
  const found = catalogue[text];
  return typeof found === 'string' ? found : (found?.other ?? shownOf(text));
}

/** A text in the person's language, with `{name}` replaced by `values.name`. */
export function t(text: string, values?: Values): string {
  return fill(translated(text), values);
}

/** The text for a number of things: `{n}` is the number as people write it. The second text is the key. */
export function plural(n: number, one: string, many: string, values?: Values): string {
  const found = catalogue[many];
  const text = found === undefined ? shownOf(n === 1 ? one : many) : typeof found === 'string' ? found : (found[plurals.select(n)] ?? found.other ?? shownOf(many));
  return fill(text, { n: figures.format(n), ...values });
}

const fill = (text: string, values?: Values): string =>
  values ? text.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name] ?? '') : whole)) : text;

/** A number as people write it. */
export const figure = (n: number): string => figures.format(n);

/** What English dates are written in: day before month. */
export const dateLocale = (): string => (language === 'en' ? 'en-GB' : language);

/** Texts one after the other, with the last two joined as the language does: "a, b and c". */
export const listed = (texts: readonly string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string =>
  new Intl.ListFormat(dateLocale(), { type }).format(texts);
