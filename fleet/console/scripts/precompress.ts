import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt']);

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Writes FILE.gz beside every text asset, so that the server never compresses on a request. Fails over the size budget. */
export function precompress(budgetKiB = 150): Plugin {
  let folder = '';
  return {
    name: 'hale-precompress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      let total = 0;
      for (const path of filesBelow(folder).filter((file) => compressible.has(extname(file)))) {
        const packed = gzipSync(readFileSync(path), { level: 9 });
        writeFileSync(`${path}.gz`, packed);
        total += packed.length;
      }
      const kib = total / 1024;
      if (kib > budgetKiB) throw new Error(`the console is ${kib.toFixed(1)} KiB gzip, over its budget of ${budgetKiB} KiB`);
      console.log(`console: ${kib.toFixed(1)} KiB gzip in all (budget ${budgetKiB})`);
    },
  };
}
