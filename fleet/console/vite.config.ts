import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { precompress } from './scripts/precompress';

const server = process.env.HALE_CONSOLE_API ?? 'http://127.0.0.1:8971';

export default defineConfig({
  plugins: [svelte(), precompress()],
  build: {
    target: ['chrome123', 'firefox120', 'safari17.5'],
    emptyOutDir: true,
    // Nothing is inlined: the server's Content-Security-Policy allows neither data: URIs nor inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 300,
  },
  // The names of evidence lie with the rules (../../rules/names).
  server: { fs: { allow: ['../..'] }, proxy: { '/api': { target: server, secure: false } } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
