import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  document.head.replaceChildren();
  document.documentElement.lang = 'en';
  [window.treadleWords, window.treadleArrived] = [undefined, undefined];
});

/** A page whose theme.js chose Korean, of whose catalogues these have run: the language it says it is in, and what it says. */
async function pageWith(...arrived: string[]) {
  vi.resetModules();
  document.documentElement.lang = 'ko';
  document.head.innerHTML = '<script type="text/plain" data-words="label pages"></script>';
  [window.treadleWords, window.treadleArrived] = [arrived.length > 0 ? { Save: '저장' } : undefined, arrived];
  const { language, t } = await import('./words');
  return [document.documentElement.lang, language, t('Save')];
}

test('a page without all its catalogues is English, and says that it is', async () => {
  expect(await pageWith('label', 'pages')).toEqual(['ko', 'ko', '저장']);
  expect(await pageWith()).toEqual(['en', 'en', 'Save']);
  expect(await pageWith('label')).toEqual(['en', 'en', 'Save']);
});
