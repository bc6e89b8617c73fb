/// <reference types="vitest/config" />
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = import.meta.dirname;

/** Two entries: the shell (index.html) and the label page (label.html), which shares no first chunk with it. */
export default defineConfig({
  root: here,
  base: './', // served under an address prefix that is known only per request
  plugins: [react()],
  build: {
    outDir: resolve(here, '../src/treadle/web/static'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    assetsDir: 'assets',
    assetsInlineLimit: 0, // data: addresses would need a wider content security policy
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: {
      input: ['index.html', 'label.html'].map((page) => resolve(here, page)),
    },
  },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { url: 'http://localhost/' } },
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
  },
});
