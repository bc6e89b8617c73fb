import { afterEach, expect, test } from 'vitest';
import { speak } from '../i18n/words';
import { router } from './router';
import { languageOfPage, SPOKEN_PAGES } from './spoken-pages';

afterEach(() => speak('en', {}));

test('a page that is not translated says that it is English, and those that are exist', () => {
  expect(languageOfPage('/projects/new')).toBe(undefined);
  speak('ko', {});
  expect(['/projects/new', '/runs/$runId', '/admin/set-up', '/jobs', '/projects/$projectId/data'].map(languageOfPage)).toEqual(['en', 'en', 'en', undefined, undefined]);
  expect(Object.keys(router.routesByPath)).toEqual(expect.arrayContaining([...SPOKEN_PAGES]));
});
