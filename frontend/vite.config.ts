/// <reference types="vitest/config" />
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { catalogues } from './vite.catalogues.ts';

const here = import.meta.dirname;

/** The shell, and the tests of both. The label page is a build of its own: vite.label.config.ts. */
export default defineConfig({
  root: here,
  base: './', // served under an address prefix that is known only per request
  plugins: [react(), catalogues()],
  build: {
    outDir: resolve(here, '../src/treadle/web/static'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: 'assets',
    assetsInlineLimit: 0, // data: addresses would need a wider content security policy
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: {
      input: resolve(here, 'index.html'),
    },
  },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'http://localhost/' } },
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    // A busy machine takes its time; what hangs is found all the same.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
