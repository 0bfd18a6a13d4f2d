// Runs the commands of README.md as a reader would, and holds their last lines against what the README promises.
// A command is a row of a table: | `command` | how long | `last line, … for what varies` |. README.zh-CN.md must list the same ones.
// `./dev test` is what runs this, and `./dev demo` waits for Ctrl-C, so those two are only checked to be there.
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const repository = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');

function commands(file) {
  const text = fs.readFileSync(path.join(repository, file), 'utf8');
  return [...text.matchAll(/^\| `([^`]+)` \| [^|]+ \| `([^`]+)` \|$/gm)].map(([, command, lastLine]) => ({command, lastLine}));
}

function fits(line, pattern) {
  const parts = pattern.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(line);
}

let failed = 0;
const complain = (text) => {
  console.error(text);
  failed++;
};

const english = commands('README.md');
const chinese = commands('README.zh-CN.md');
if (english.length < 4) complain(`README.md lists only ${english.length} commands; its table has another form than this test reads`);
if (JSON.stringify(english) !== JSON.stringify(chinese)) complain('README.md and README.zh-CN.md list different commands');
for (const needed of ['./dev demo', './dev demo --once', './dev test']) if (!english.some((row) => row.command === needed)) complain(`README.md does not list ${needed}`);

for (const {command, lastLine} of english) {
  if (['./dev test', './dev demo'].includes(command)) continue;
  const result = spawnSync('bash', ['-c', command], {cwd: repository, encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 28, env: {...process.env, LANG: 'C.UTF-8'}});
  const last = result.stdout.trimEnd().split('\n').at(-1);
  if (result.status !== 0) complain(`${command}: exit ${result.status}: ${result.stderr.slice(-800)}`);
  else if (!fits(last, lastLine)) complain(`${command}: the last line is\n  ${last}\nbut README.md promises\n  ${lastLine}`);
  else console.log(`ok: ${command}`);
}
process.exit(failed ? 1 : 0);
