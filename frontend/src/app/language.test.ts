import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { sessionQuery } from '../api/session';
import { speak } from '../i18n/words';
import { followLanguageOnce, usualLanguage } from './language';
import { queryClient } from './query';
import { router } from './router';

afterEach(() => {
  localStorage.clear();
  speak('en', {});
});

test('a session that a page kept does not undo what another tab chose', () => {
  expect(followLanguageOnce(7, null)).toBe(false);
  localStorage.setItem('treadle.language', 'ko'); // another tab
  expect(followLanguageOnce(7, null)).toBe(false);
  expect(localStorage.getItem('treadle.language')).toBe('ko');
  expect(followLanguageOnce(8, 'th')).toBe(true);
});

test('pointing at a link loads nothing anew, whatever language was chosen elsewhere', async () => {
  const reload = vi.spyOn(location, 'reload').mockImplementation(() => undefined);
  queryClient.setQueryData(sessionQuery.queryKey, { user: { id: 9 }, workspaces: [], language: 'th' } as never);
  await router.preloadRoute({ to: '/account' });
  expect([reload.mock.calls.length, localStorage.getItem('treadle.language')]).toEqual([0, null]);
});

test.each([[['zh-TW', 'ja'], 'ja'], [['zh-Hant-HK'], 'en'], [['zh-CN'], 'zh'], [['zh'], 'zh'], [['fr', 'ko-KR'], 'ko']])('a browser that asks for %s is shown %s', (asked, shown) => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(asked);
  vi.spyOn(document, 'write').mockImplementation(() => undefined);
  const script = document.createElement('script');
  script.dataset['words'] = 'label';
  vi.spyOn(document, 'currentScript', 'get').mockReturnValue(script);
  new Function(readFileSync(resolve(import.meta.dirname, '../../public/theme.js'), 'utf8'))();
  expect([document.documentElement.lang, usualLanguage()]).toEqual([shown, shown]);
  vi.restoreAllMocks();
});
