// What an upload costs the fleet server, over mutual TLS on this machine, with the uploader's own code (hale-swarm): `./dev bench server [--seconds N]`.
// Three ways to connect; beside it plain nginx as a floor: the same TLS and client certificates, but it reads nothing and stores nothing.
// CPU is the server's own (/proc/PID/stat), so a busy machine stretches times, not this number. hale-fleet fsyncs before it answers.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const repository = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const argument = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const bin = argument('bin', path.join(repository, 'build/release/bin'));
const workRoot = argument('work', path.join(repository, 'build/bench'));
const seconds = Number(argument('seconds', '10'));
const idle = Number(argument('idle', '500'));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

fs.mkdirSync(workRoot, {recursive: true});
const work = fs.mkdtempSync(path.join(workRoot, 'server-'));
const data = path.join(work, 'fleet');
const children = [];
const run = (program, ...words) => execFileSync(path.join(bin, program), words, {encoding: 'utf8'});

function start(program, words) {
  const log = fs.openSync(path.join(work, `${path.basename(program)}.log`), 'a');
  const child = spawn(program, words, {stdio: ['ignore', log, log]});
  fs.closeSync(log);
  children.push(child);
  return child;
}

async function until(what, test) {
  for (let i = 0; i < 300; ++i) {
    const value = await test();
    if (value) return value;
    await sleep(50);
  }
  throw new Error(`${what} does not come up; its log is in ${work}`);
}

/** The process and its children: nginx answers in workers. */
function family(pid) {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...children.split(' ').filter(Boolean)];
}
const tick = Number(execFileSync('getconf', ['CLK_TCK'], {encoding: 'utf8'}));
function cpuSeconds(pid) {
  const ticks = (one) => {
    const fields = fs.readFileSync(`/proc/${one}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  return family(pid).reduce((sum, one) => sum + ticks(one), 0) / tick;
}
function pssBytes(pid) {
  const pss = (one) => Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))[1]) * 1024;
  return family(pid).reduce((sum, one) => sum + pss(one), 0);
}

let tokens = 0;
function token(uses) {
  const text = /hale1\.[\w-]+/.exec(run('hale-fleet', 'token', 'create', '--data', data, '--uses', String(uses), '--url', url))[0];
  const file = path.join(work, `token-${++tokens}`);
  fs.writeFileSync(file, text, {mode: 0o600});
  return file;
}

/** Enrols first; CPU is taken over the uploads alone, so once uploads of no time have been subtracted. */
async function measure(name, pid, connect, more = []) {
  const swarm = async (time) => {
    const before = cpuSeconds(pid);
    const child = spawn(path.join(bin, 'hale-swarm'), ['--token-file', token(8), '--devices', '8', '--threads', '8', '--seconds', String(time), '--connect', connect, '--json', ...more]);
    let output = '';
    child.stdout.on('data', (bytes) => (output += bytes));
    child.stderr.on('data', (bytes) => process.stderr.write(bytes));
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) throw new Error(`hale-swarm (${name}, ${connect}) ended with ${code}: ${output}`);
    return {cpu: cpuSeconds(pid) - before, ...JSON.parse(output)};
  };
  const enrolling = more.length > 0 ? {cpu: 0} : await swarm(0);
  const uploading = await swarm(seconds);
  return {name, connect, perUpload: ((uploading.cpu - enrolling.cpu) / uploading.uploads) * 1e6, ...uploading};
}

/** Memory that idle connections take: one a device, kept open after its uploads. */
async function idleBytes(pid, more = []) {
  const before = pssBytes(pid);
  const words = ['--token-file', token(idle), '--devices', String(idle), '--seconds', String(idle / 50), '--rate', '100', '--hold', '600', '--json', ...more];
  const child = spawn(path.join(bin, 'hale-swarm'), words, {stdio: ['ignore', 'pipe', 'inherit']});
  children.push(child);
  const held = await new Promise((resolve, reject) => {
    child.stdout.once('data', (bytes) => resolve(JSON.parse(bytes.toString())));
    child.once('close', () => reject(new Error('hale-swarm ended before it held its connections')));
  });
  if (held.failed > 0) throw new Error(`idle connections: ${held.first_error}`);
  await sleep(1500);
  const taken = pssBytes(pid) - before;
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  return taken / idle;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const {port} = server.address();
      server.close(() => resolve(port));
    });
  });

let url;
const rows = [];
const memory = [];
try {
  run('hale-fleet', 'init', '--data', data, '--host', 'localhost', '--organization', 'Bench');
  const ports = path.join(work, 'ports.json');
  const fleet = start(path.join(bin, 'hale-fleet'), ['serve', '--data', data, '--device-listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0', '--ports-file', ports]);
  const {device: devicePort} = await until('hale-fleet', () => fs.existsSync(ports) && JSON.parse(fs.readFileSync(ports, 'utf8')));
  url = `https://localhost:${devicePort}`;
  for (const connect of ['kept', 'resumed', 'full']) rows.push(await measure('hale-fleet', fleet.pid, connect));
  memory.push(['hale-fleet', await idleBytes(fleet.pid)]);

  const nginx = ['/usr/sbin/nginx'].find((file) => fs.existsSync(file));
  if (nginx) {
    const peerPort = await freePort();
    const configuration = path.join(work, 'nginx.conf');
    fs.writeFileSync(configuration, `daemon off; worker_processes 2; pid ${work}/nginx.pid; error_log ${work}/nginx.err; events { worker_connections 20000; }
http { access_log off; client_body_temp_path ${work}/body; proxy_temp_path ${work}/proxy; fastcgi_temp_path ${work}/fastcgi; uwsgi_temp_path ${work}/uwsgi; scgi_temp_path ${work}/scgi;
  keepalive_requests 1000000; ssl_session_cache shared:s:10m; ssl_session_tickets on;
  server { listen 127.0.0.1:${peerPort} ssl; ssl_protocols TLSv1.3; ssl_certificate ${data}/server.pem; ssl_certificate_key ${data}/server.key; ssl_client_certificate ${data}/ca.pem; ssl_verify_client on;
    location / { return 200 '{"accepted":[],"rejected":[],"keep":[]}'; } } }
`);
    const peer = start(nginx, ['-c', configuration]);
    await until('nginx', () => fs.existsSync(`${work}/nginx.pid`) && fs.statSync(`${work}/nginx.pid`).size > 0);
    const there = ['--upload-url', `https://localhost:${peerPort}`];
    for (const connect of ['kept', 'resumed', 'full']) rows.push(await measure('nginx (floor: reads and stores nothing)', peer.pid, connect, there));
    memory.push(['nginx', await idleBytes(peer.pid, there)]);
  } else {
    process.stderr.write('dev: nginx is not installed (Debian: nginx-light); measured without a peer\n');
  }
  const cell = (value, digits = 1) => value.toFixed(digits);
  console.log(`\n8 devices at once, ${seconds} s each, one five-minute summary an upload (about 6 KB of JSON, zstd)\n`);
  console.log('| server | connection | uploads/s | p50 ms | p95 ms | p99 ms | server CPU µs an upload |\n|---|---|---|---|---|---|---|');
  for (const row of rows) console.log(`| ${row.name} | ${row.connect} | ${cell(row.uploads_per_s)} | ${cell(row.p50_ms, 2)} | ${cell(row.p95_ms, 2)} | ${cell(row.p99_ms, 2)} | ${cell(row.perUpload, 0)} |`);
  console.log(`\n| server | bytes an idle connection (${idle}) |\n|---|---|`);
  for (const [name, bytes] of memory) console.log(`| ${name} | ${Math.round(bytes)} |`);
} finally {
  for (const child of children) child.kill('SIGTERM');
  await sleep(500);
  fs.rmSync(work, {recursive: true, force: true});
}
