import { resolve } from 'node:path';
import { defineConfig, mergeConfig } from 'vite';
import shell from './vite.config.ts';

/**
 * The label page runs on Preact, a third of React's size; the shell and its widgets need React itself.
 * The reasons are in docs/design/0012-label-page-runtime.md. Built after the shell, into the same folder.
 */
export default mergeConfig(
  shell,
  defineConfig({
    resolve: {
      alias: [
        { find: 'react/jsx-runtime', replacement: 'preact/jsx-runtime' },
        { find: 'react-dom/client', replacement: 'preact/compat/client' },
        { find: /^react(-dom)?$/, replacement: 'preact/compat' },
      ],
    },
    build: {
      emptyOutDir: false,
      manifest: 'manifest-label.json',
      rolldownOptions: { input: resolve(import.meta.dirname, 'label.html') },
    },
  }),
);
