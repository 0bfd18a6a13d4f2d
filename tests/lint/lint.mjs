#!/usr/bin/env node
// lint.mjs [SOURCE_DIR]: prints every breach of the house rules (house.mjs); exit 0 = clean, 1 = not.
import { checkTree } from './house.mjs';

const root = process.argv[2] ?? new URL('../..', import.meta.url).pathname;
const problems = checkTree(root);
const breaches = problems.filter((problem) => !problem.startsWith('note: '));
console.log([...problems, `${breaches.length} breaches`].join('\n'));
process.exit(breaches.length === 0 ? 0 : 1);
