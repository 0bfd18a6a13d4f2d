// The house rules that a compiler does not check: who may include whom, where foreign headers may appear, no paths of one machine, no huge files.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

/// A module may include itself and these. agent and fleet hold the composition roots.
const mayInclude = {
  core: [],
  platform: ['core'],
  collectors: ['core', 'platform'],
  rules: ['core', 'platform'],
  uploader: ['core', 'platform'],
  agent: ['core', 'platform', 'collectors', 'rules', 'uploader'],
  fleet: ['core', 'platform', 'rules'],
};
/// rules is pure but for reading packs and recordings and for hashing; parsers are pure.
const rulesMayUse = ['platform/files.hpp', 'platform/compression.hpp', 'platform/crypto.hpp', 'platform/parse/'];

/// Foreign headers, and the words one of which must be in the path of a file that includes them.
const foreign = [
  [/sqlite3\.h$/, ['sqlite']],
  [/^curl\//, ['curl']],
  [/^openssl\//, ['openssl', 'curl', 'tls', 'x509']],
  [/^boost\/(process|asio|beast)/, ['boost', 'beast', 'asio', 'http']],
  [/^sodium\.h$/, ['sodium']],
  [/^systemd\//, ['systemd', 'linux', 'journal']],
  [/^libpq-fe\.h$/, ['postgres']],
  [/^(zlib|zstd|lzma)\.h$/, ['compression', 'zlib', 'zstd', 'lzma']],
  [/^(unistd|fcntl|poll|dirent|dlfcn|pwd|grp|spawn|termios)\.h$|^(sys|linux|netinet|arpa)\//, ['linux', 'boost', 'openssl', 'beast', 'http']],
  [/^(windows|winsock2)\.h$/i, ['windows']],
];
const include = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
const osSwitch = /^\s*#\s*(el)?if.*\b(_WIN32|__linux__|_MSC_VER|__APPLE__)\b/;
/// What a Linux system always has is fine; somebody's home or checkout is not.
const machinePath = /(?<![\w.~}$)/])\/(work|home|root|Users|mnt)\/[\w.-]+/;
const sources = ['.cpp', '.hpp', '.h', '.cc'];
const texts = [...sources, '.py', '.sh', '.mjs', '.ts', '.svelte', '.json', '.md', '.txt', '.cmake', '.yaml', '.yml', '.service', '.sql', ''];
const maxLines = 500;

function wrongInclude(name, target, quoted) {
  const module = name.split('/')[0];
  const other = target.split('/')[0];
  const isTest = name.includes('/tests/') || name.startsWith('tests/');
  if (isTest || !(module in mayInclude)) return null;
  if (quoted && other === 'tests') return `${target}: only tests may include tests`;
  if (quoted && other in mayInclude && other !== module) {
    const isSwarm = module === 'fleet' && name.includes('swarm') && other === 'uploader';  // simulated devices run the real uploader
    if (!mayInclude[module].includes(other) && !isSwarm) return `${module} must not include ${target}: includes point down only`;
    if (module === 'rules' && other === 'platform' && !rulesMayUse.some((part) => target.startsWith(part))) return `rules may use ${rulesMayUse.join(', ')} of platform, not ${target}`;
  }
  if (quoted) return null;
  const words = name.split(/[/_.]/);
  for (const [header, allowed] of foreign) {
    if (header.test(target) && !allowed.some((word) => words.includes(word))) return `<${target}> belongs into a file named *_${allowed.join(' or *_')}`;
  }
  return null;
}

function checkFile(name, text) {
  const problems = [];
  const lines = text.split('\n');
  const isSource = sources.includes(extname(name));
  lines.forEach((line, index) => {
    const at = `${name}:${index + 1}: `;
    const found = isSource && include.exec(line);
    const wrong = found && wrongInclude(name, found[2], found[1] === '"');
    if (wrong) problems.push(at + wrong);
    const path = !name.startsWith('tests/lint/') && !name.includes('/testdata/') && machinePath.exec(line);  // captured machines have paths of their own
    if (path) problems.push(`${at}names a path of one machine: ${path[0]}`);
    if (isSource && osSwitch.test(line)) problems.push(`${at}OS #if: put it into a file with the OS in its name and let CMake pick`);
  });
  if (isSource && lines.length > maxLines) problems.push(`note: ${name}:${lines.length}: more than ${maxLines} lines: split it where a reader would`);
  return problems;
}

/// All files that git tracks or would track; without git, all there are.
export function listFiles(root) {
  try {
    const listed = execFileSync('git', ['-C', root, 'ls-files', '-co', '--exclude-standard', '-z'], { maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'ignore'] });
    return listed.toString().split('\0').filter(Boolean);
  } catch {
    const skipped = ['build', 'node_modules', '.git'];
    const walk = (folder) => readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) return skipped.includes(entry.name) ? [] : walk(name);
      return entry.isFile() ? [name] : [];
    });
    return walk('');
  }
}

/// Every breach of the rules below `root`, as "FILE:LINE: what is wrong"; "note: " in front of what is worth a look but no breach.
export function checkTree(root) {
  const names = listFiles(root).filter((name) => texts.includes(extname(name)) && !/node_modules|package-lock/.test(name)).sort();
  return names.flatMap((name) => {
    const path = join(root, name);
    const info = statSync(path, { throwIfNoEntry: false });
    return info?.isFile() && info.size < 1 << 20 ? checkFile(name, readFileSync(path, 'utf8')) : [];
  });
}
