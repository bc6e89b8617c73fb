/** A person's own language. It is kept on the server, and in this browser for the pages before the sign-in. */

import { isLanguage, type Language } from '../i18n/languages.ts';
import { language } from '../i18n/words.ts';

const KEY = 'treadle.language'; // public/theme.js reads the same key before the first paint

function stored(): Language | null {
  try {
    const kept = localStorage.getItem(KEY);
    return isLanguage(kept) ? kept : null;
  } catch {
    return null;
  }
}

/** Keeps a choice in this browser; false where it keeps nothing. */
export function keepLanguage(wanted: Language | null): boolean {
  try {
    if (wanted === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
    return stored() === wanted;
  } catch {
    return false;
  }
}

/** Chinese that is written in the other script; theme.js knows the same. */
const TRADITIONAL = /^zh-(.*-)?(hant|tw|hk|mo)\b/;

/** What a page shows without a choice of the person: the installation's language, else the browser's. */
export function usualLanguage(): Language {
  const asked = [document.documentElement.dataset['language'], ...(navigator.languages ?? [navigator.language])].map((tag) => (tag ?? '').toLowerCase());
  return asked.filter((tag) => !TRADITIONAL.test(tag)).map((tag) => tag.split('-')[0]).find(isLanguage) ?? 'en';
}

/**
 * Follows the choice of who signed in: true where the page is in another language and is to be loaded anew.
 * Where the browser keeps nothing, the page stays as it is: it would be loaded again and again.
 */
export function followLanguage(chosen: string | null | undefined): boolean {
  const wanted = isLanguage(chosen) ? chosen : null;
  if (stored() === wanted) return false;
  return keepLanguage(wanted) && (wanted ?? usualLanguage()) !== language;
}

let followed: number | undefined;

/**
 * The same, the first time that a page knows who is there: what is chosen later waits for the next load. A session
 * that was kept for a while must not undo what another tab chose, and no form that is open is thrown away.
 */
export function followLanguageOnce(person: number | undefined, chosen: string | null | undefined): boolean {
  if (followed === person) return false;
  followed = person;
  return followLanguage(chosen);
}
