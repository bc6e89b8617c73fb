/** Which pages of the shell are in the person's language; docs/appearance.md lists the same. */

import { language } from '../i18n/words';

/** As the router calls them. What is not here is drawn in English. */
export const SPOKEN_PAGES: readonly string[] = ['/projects', '/projects/$projectId/data', '/projects/$projectId/progress', '/projects/$projectId/members', '/jobs', '/members', '/account', '/admin/appearance'];

/** The language that a page is written in, for those who hear it; undefined: that of the document. */
export const languageOfPage = (page: string | undefined): 'en' | undefined =>
  (language === 'en' || page === undefined || SPOKEN_PAGES.includes(page) ? undefined : 'en');
