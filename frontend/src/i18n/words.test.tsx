import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterEach, expect, test } from 'vitest';
import { LANGUAGES, type Language } from './languages';
import { rich } from './rich';
import { fieldsInWords, saidByServer } from './server-words';
import { keysIn, placeholdersOf, reachedFrom, unsaidIn } from './texts';
import { type Catalogue, listed, plural, speak, t, translated } from './words';

const SRC = resolve(import.meta.dirname, '..');
const LOCALES = resolve(SRC, '../locales');

/** What is whole in every language. docs/appearance.md lists the same pages. */
const SPOKEN = ['label.tsx', 'main.tsx', 'app', 'api/client.ts', 'api/jobs.ts', 'api/upload.ts', 'editor/surfaces', 'editor/ui', 'i18n', 'ui', ...['account', 'admin/admin-frame.tsx', 'admin/appearance.tsx', 'import', 'jobs', 'label', 'members', 'progress', 'project/', 'projects', 'sign-in', 'tasks'].map((page) => `pages/${page}`)];
/** What stands there and is for no person, or is the same everywhere: keys of a keyboard, media queries, names of formats. */
const SAME = new Set([
  'Esc', 'Del', 'Enter', 'Ctrl Z', '{} Shift F', 'English', 'Treadle', 'Authorization: Bearer …', '(max-width: 720px)', 'https://example.com/tasks.json', 'Stopped',
  'String', 'Number', 'Datetime', 'Boolean', 'List', 'Time', 'add point', 'delete point', 'move point',
]);
/** Names of keys, in the files that are about keys. */
const KEYS = new Set(['Escape', 'Delete', 'Space', 'Tab', 'Home', 'End', 'Insert', 'Backspace', 'Ctrl', 'PgUp PgDn', 'Home End']);
const ABOUT_KEYS = /(-keys|key-sheet|\/keys)\.tsx?$/;
/** Modules that the router names. */
const MODULES = new Set(['Projects', 'Tasks', 'Settings', 'Jobs', 'Members', 'Audit', 'Repos', 'Files', 'Commits', 'Branches', 'Storages', 'Versions', 'Experiments', 'Purge', 'Runs', 'Traces', 'Compare', 'Models', 'Account']);

const sameIn = (file: string): ReadonlySet<string> => (file.endsWith('app/router.tsx') ? new Set([...SAME, ...MODULES]) : ABOUT_KEYS.test(file) ? new Set([...SAME, ...KEYS]) : SAME);

const catalogue = (language: string, part: string): Catalogue => JSON.parse(readFileSync(resolve(LOCALES, language, `${part}.json`), 'utf8')) as Catalogue;

afterEach(() => speak('en', {}));

const label = reachedFrom(resolve(SRC, 'label.tsx'));
const pages = reachedFrom(resolve(SRC, 'main.tsx'));
const ofLabel = keysIn(label);
const ofPages = [...keysIn(pages)].filter((key) => !ofLabel.has(key));
const others = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== 'en');

test.each(others)('%s has exactly what the pages say, with the same placeholders', (language) => {
  for (const [part, keys] of [['label', [...ofLabel]], ['pages', ofPages]] as const) {
    const words = catalogue(language, part);
    expect(Object.keys(words)).toEqual([...keys].sort());
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    for (const [key, found] of Object.entries(words)) {
      if (typeof found !== 'string') expect(Object.keys(found).sort(), key).toEqual([...pluralCategories].sort());
      for (const text of typeof found === 'string' ? [found] : Object.values(found)) {
        expect(text.trim(), key).not.toBe('');
        expect(placeholdersOf(text), key).toEqual(placeholdersOf(key));
      }
    }
  }
});

test('every language of the pages has its folder, and theme.js and the server know the same', () => {
  const named = Object.keys(LANGUAGES).sort();
  expect(readdirSync(LOCALES).concat('en').sort()).toEqual(named);
  const inScript = /languages = \[(.*)\]/.exec(readFileSync(resolve(SRC, '../public/theme.js'), 'utf8'))?.[1] ?? '';
  expect(inScript.split(', ').map((each) => each.replaceAll("'", '')).sort()).toEqual(named);
  const onServer = /LANGUAGES = \((.*)\)/.exec(readFileSync(resolve(SRC, '../../src/treadle/appearance/looks.py'), 'utf8'))?.[1] ?? '';
  expect(onServer.split(', ').map((each) => each.replaceAll('"', '')).sort()).toEqual(named);
  const inForm = /language: Literal\[(.*)\] \| None/.exec(readFileSync(resolve(SRC, '../../src/treadle/web/routes_appearance.py'), 'utf8'))?.[1] ?? '';
  expect(inForm.split(', ').map((each) => each.replaceAll('"', '')).sort()).toEqual(named);
});

test('no text of a translated page is left out of the catalogues', () => {
  const files = [...new Set([...label, ...pages])].filter((file) => SPOKEN.some((place) => file.startsWith(resolve(SRC, place) + (place.endsWith('/') ? '/' : ''))));
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => unsaidIn(file, sameIn(file)))).toEqual([]);
});

test('the law on left-out texts sees them wherever they stand', () => {
  const probe = resolve(mkdtempSync(resolve(tmpdir(), 'probe-')), 'probe.tsx');
  const lines = ['<h1>Settings</h1>', '<button title="Delete">{x}</button>', '<Tip tip="Look at this thing" />', "out.push('Two words here')", 'out.push(n ? `${n} rows are left` : \'No rows\')', "say('overdue')", '<i aria-roledescription="slide" />'];
  writeFileSync(probe, lines.map((line) => `void (${line});\n`).join(''));
  expect(new Set(unsaidIn(probe, sameIn(probe)).map((found) => Number(/:(\d+) /.exec(found)?.[1])))).toEqual(new Set(lines.map((_, at) => at + 1)));
});

test('English needs no catalogue, and a text that has no translation shows as English', () => {
  expect([t('Delete “{name}”?', { name: 'Birds' }), t('Light@@a theme')]).toEqual(['Delete “Birds”?', 'Light']);
  speak('ko', { 'Delete “{name}”?': '“{name}”을(를) 삭제할까요?' });
  expect([t('Delete “{name}”?', { name: 'Birds' }), t('Dark@@a theme')]).toEqual(['“Birds”을(를) 삭제할까요?', 'Dark']);
});

test('numbers of things follow the plurals of the language', () => {
  const told = (n: number) => plural(n, '{n} task', '{n} tasks');
  expect([told(1), told(0), told(2400)]).toEqual(['1 task', '0 tasks', '2,400 tasks']);
  speak('th', { '{n} tasks': '{n} งาน' });
  expect([told(1), told(2400)]).toEqual(['1 งาน', '2,400 งาน']);
  expect(listed(['ก', 'ข'], 'disjunction')).toBe('ก หรือ ข');
});

test('a sentence with elements keeps its own order in each language', () => {
  const shown = () => renderToStaticMarkup(<>{rich('<b>{open}</b> of {due} here', { open: 3, due: 9, b: (words) => <b>{words}</b> })}</>);
  expect(shown()).toBe('<b>3</b> of 9 here');
  speak('ja', { '<b>{open}</b> of {due} here': '{due} 件中 <b>{open}</b> 件' });
  expect(shown()).toBe('9 件中 <b>3</b> 件');
});

test('an error of the server is said by its code, and in English where the code is unknown', () => {
  expect(saidByServer('stale', 'Somebody changed it.')).toBe('Somebody changed it.');
  speak('ko', {});
  expect(saidByServer('stale', 'Somebody changed it.')).not.toBe('Somebody changed it.');
  for (const code of ['name-invalid', 'colour-malformed', 'logo-broken', 'logo-too-large']) expect(saidByServer(code, '')).not.toBe('');
  expect(saidByServer('never-heard-of', 'What the server says.')).toBe('What the server says.');
  expect(fieldsInWords('validation', { title: ['Too long'] })).toEqual({ title: ['Too long'] });
  expect(Object.keys(fieldsInWords('email-taken', { email: ['A user is here.'] }))).toEqual(['email']);
  expect(translated('x@@y')).toBe('x');
});
