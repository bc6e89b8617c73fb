import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Plugin } from 'vite';

const here = import.meta.dirname;

/** `locales/ko/label.json` as the script that public/theme.js writes into a page; it tells that it has arrived. */
const scriptOf = (file: string): string =>
  `window.treadleWords=Object.assign(window.treadleWords||{},${JSON.stringify(JSON.parse(readFileSync(resolve(here, file), 'utf8')))});window.treadleArrived=(window.treadleArrived||[]).concat(${JSON.stringify(basename(file, '.json'))});`;

/** The catalogues of the languages, each a small script beside the assets; a page asks for those of one language. */
export const catalogues = (): Plugin => ({
  name: 'catalogues',
  generateBundle() {
    for (const file of globSync('locales/*/*.json', { cwd: here })) this.emitFile({ type: 'asset', fileName: file.replace(/json$/, 'js'), source: scriptOf(file) });
  },
  configureServer(server) {
    server.middlewares.use((request, response, next) => {
      const asked = /\/(locales\/[a-z]{2}\/[a-z]+)\.js$/.exec(request.url ?? '')?.[1];
      if (!asked) return next();
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
      response.end(scriptOf(`${asked}.json`));
    });
  },
});
