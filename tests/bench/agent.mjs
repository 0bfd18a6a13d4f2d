// What the agent costs at rest, beside collectd and prometheus-node-exporter on the same captured machine in the same run: `./dev bench agent [--seconds N]`.
// All three run in one mount namespace, with the captured machine over /sys and a systemd-journald of its own that takes a kernel line every second.
// The agent is enrolled at a real hale-fleet on this machine and uploads; child processes are counted.
// CPU time comes from a control group of its own for each agent, memory from smaps_rollup, wake-ups from voluntary context switches, written bytes from
// the kernel's account of pages made dirty. Options: --seconds N, --warm-up N, --upload-minutes N.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const repository = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const argument = (name, fallback) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : fallback);
const bin = argument('bin', path.join(repository, 'build/release/bin'));
const workRoot = argument('work', path.join(repository, 'build/bench'));
const seconds = Number(argument('seconds', '180'));
const warmUp = Number(argument('warm-up', '60'));
const uploadMinutes = Number(argument('upload-minutes', '2'));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

fs.mkdirSync(workRoot, {recursive: true});
const work = fs.mkdtempSync(path.join(workRoot, 'agent-'));
const children = [];

/** A control group that accounts CPU time (version 1 `cpuacct`, or version 2). */
class Group {
  constructor(name) {
    const first = '/sys/fs/cgroup/cpuacct';
    this.version = fs.existsSync(path.join(first, 'cpuacct.usage')) ? 1 : 2;
    this.folder = path.join(this.version === 1 ? first : '/sys/fs/cgroup', `hale-bench-${process.pid}-${name}`);
    fs.mkdirSync(this.folder);
  }
  cpuSeconds() {
    if (this.version === 1) return Number(fs.readFileSync(path.join(this.folder, 'cpuacct.usage'), 'utf8')) / 1e9;
    return Number(/usage_usec (\d+)/.exec(fs.readFileSync(path.join(this.folder, 'cpu.stat'), 'utf8'))[1]) / 1e6;
  }
  pids() {
    return fs.readFileSync(path.join(this.folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
  }
  remove() {
    try {
      fs.rmdirSync(this.folder);
    } catch {
      // A process of it is still ending; the group goes with the next boot at the latest.
    }
  }
}

/** Starts a command inside a group, by way of a shell that joins it first. */
function startIn(group, command, environment = {}) {
  const log = fs.openSync(path.join(work, `${path.basename(group.folder)}.log`), 'a');
  const child = spawn('/bin/sh', ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group.folder, ...command], {env: {...process.env, ...environment}, stdio: ['ignore', log, log]});
  fs.closeSync(log);
  children.push(child);
  return child;
}

/** Watches all processes of a group: totals of counters keep what short-lived children had when last seen. */
class Watch {
  constructor(name, group) {
    Object.assign(this, {name, group, counters: new Map(), pss: [], peak: 0, children: 0});
    this.main = Math.min(...group.pids().map(Number));
  }
  poll(withMemory) {
    const pids = this.group.pids();
    for (const pid of pids) {
      try {
        for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
          const status = fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
          this.counters.set(`switches ${pid} ${thread}`, Number(/voluntary_ctxt_switches:\s*(\d+)/.exec(status)[1]));
        }
      } catch {
        // It ended between listing and reading: what was seen before counts.
      }
    }
    if (withMemory || pids.length > 1) this.pollMemory(pids, withMemory);
  }
  pollMemory(pids, regular) {
    let pss = 0;
    for (const pid of pids) {
      try {
        pss += Number(/^Pss:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
      } catch {
        // It has just ended.
      }
    }
    if (regular) this.pss.push(pss);
    if (pids.length > 1) ++this.children;
    this.peak = Math.max(this.peak, pss);
  }
  /** Of the main process: the kernel adds to it what its children had when it reaps them. */
  written() {
    const io = fs.readFileSync(`/proc/${this.main}/io`, 'utf8');
    return Number(/^write_bytes: (\d+)/m.exec(io)[1]) - Number(/^cancelled_write_bytes: (\d+)/m.exec(io)[1]);
  }
  sum(kind) {
    return [...this.counters].filter(([key]) => key.startsWith(kind)).reduce((total, [, value]) => total + value, 0);
  }
  begin() {
    this.poll(false);
    this.start = {cpu: this.group.cpuSeconds(), io: this.written(), switches: this.sum('switches'), at: Date.now()};
  }
  end() {
    this.poll(true);
    const passed = (Date.now() - this.start.at) / 1000;
    const mean = this.pss.reduce((a, b) => a + b, 0) / this.pss.length;
    return {
      agent: this.name,
      'CPU % of a core': ((100 * (this.group.cpuSeconds() - this.start.cpu)) / passed).toFixed(4),
      'PSS MB mean': mean.toFixed(2),
      'PSS MB peak': this.peak.toFixed(2),
      'wakeups/s': ((this.sum('switches') - this.start.switches) / passed).toFixed(2),
      'written KB/min': (((this.written() - this.start.io) / 1024 / passed) * 60).toFixed(1),
    };
  }
}

const program = (name) => path.join(bin, name);
const run = (name, args, environment, input) => execFileSync(program(name), args, {env: {...process.env, ...environment}, input, encoding: 'utf8'});

async function until(what, attempt) {
  for (let i = 0; i < 200; ++i) {
    try {
      const value = await attempt();
      if (value) return value;
    } catch {
      // not yet
    }
    await sleep(100);
  }
  throw new Error(`${what} did not happen within 20 s; logs are in ${work}`);
}

async function startFleet() {
  const data = path.join(work, 'fleet');
  execFileSync(program('hale-fleet'), ['init', '--data', data, '--host', 'localhost', '--organization', 'Bench', '--password-file', path.join(work, 'password')]);
  const log = fs.openSync(path.join(work, 'fleet.log'), 'a');
  const ports = path.join(work, 'ports.json');
  const child = spawn(program('hale-fleet'), ['serve', '--data', data, '--device-listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0', '--ports-file', ports], {stdio: ['ignore', log, log]});
  children.push(child);
  const chosen = await until('the fleet server listening', () => JSON.parse(fs.readFileSync(ports, 'utf8')));
  return {token: () => run('hale-fleet', ['token', 'create', '--data', data, '--uses', '1', '--url', `https://localhost:${chosen.device}`], {})};
}

/** The captured machine with a journal of its own, as a mount namespace. journald is a real one; only its kernel is a pipe. */
async function startMachine(tree) {
  const ready = path.join(work, 'ready');
  const kernel = path.join(work, 'kmsg');
  execFileSync('mkfifo', [kernel]);
  const pipe = fs.openSync(kernel, 'r+');
  fs.writeFileSync(path.join(work, 'journald.conf'), '[Journal]\nStorage=volatile\nReadKMsg=yes\nAudit=no\nForwardToSyslog=no\nForwardToWall=no\nRateLimitIntervalSec=0\n');
  const script = `set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$1/sys:/sys" /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
mount --bind "$2/kmsg" /dev/kmsg
mount --bind "$2/journald.conf" /etc/systemd/journald.conf
[ -s /etc/machine-id ] || { printf '%032x\\n' 1 >"$2/machine-id"; mount --bind "$2/machine-id" /etc/machine-id; }
touch "$2/ready"
exec /lib/systemd/systemd-journald`;
  const log = fs.openSync(path.join(work, 'journald.log'), 'a');
  const journald = spawn('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', script, 'sh', tree, work], {stdio: ['ignore', log, log]});
  children.push(journald);
  await until('the machine being there', () => fs.existsSync(ready));
  let number = 0;
  const say = (text) => fs.writeSync(pipe, `6,${++number},${Math.round(process.uptime() * 1e6)},-;${text}\n`);
  say('Linux version 6.1.0 (bench)');
  const inside = (command) => ['/usr/bin/nsenter', `--mount=/proc/${journald.pid}/ns/mnt`, ...command];
  const lines = () => Number(execFileSync('/usr/bin/nsenter', [`--mount=/proc/${journald.pid}/ns/mnt`, 'journalctl', '--no-pager', '-q', '-o', 'cat', '-D', '/run/log/journal', '_TRANSPORT=kernel'], {encoding: 'utf8'}).split('\n').length - 1);
  await until('a kernel line in the journal', () => lines() > 0);
  return {say, inside, lines};
}

async function main() {
  const tree = path.join(work, 'machine');
  execFileSync(path.join(repository, 'tests/support/unpack_tree'), [path.join(repository, 'tests/golden/machines/laptop40/tree.txt'), tree]);
  const machine = await startMachine(tree);

  const fleet = await startFleet();
  const state = path.join(work, 'state');
  fs.mkdirSync(state);
  const config = path.join(work, 'config.json');
  fs.writeFileSync(config, JSON.stringify({sweep_interval_s: 10, upload: {consent: 'granted', interval_minutes: uploadMinutes}}));
  const [enter, ...enroll] = machine.inside([program('hale-upload'), 'enroll', '--token-file', '-', '--state', state]);
  execFileSync(enter, enroll, {env: {...process.env, HALE_STATE_DIR: state}, input: fleet.token()});

  const groups = {hale: new Group('hale'), collectd: new Group('collectd'), node: new Group('node_exporter')};
  startIn(groups.hale, machine.inside([program('haled'), '--config', config]), {HALE_STATE_DIR: state});

  const collectdConfig = path.join(work, 'collectd.conf');
  const plugins = ['cpu', 'sensors', 'thermal', 'battery', 'disk', 'df', 'memory', 'load', 'uptime', 'cpufreq', 'irq', 'processes', 'swap', 'entropy', 'csv'];
  fs.writeFileSync(collectdConfig, `Interval 10\nBaseDir "${work}/collectd"\nPIDFile "${work}/collectd.pid"\n${plugins.map((plugin) => `LoadPlugin ${plugin}`).join('\n')}\n<Plugin csv>\n DataDir "${work}/collectd/csv"\n</Plugin>\n`);
  startIn(groups.collectd, machine.inside(['/usr/sbin/collectd', '-f', '-C', collectdConfig]));
  const nodePort = 20000 + (process.pid % 20000);
  startIn(groups.node, machine.inside(['/usr/bin/prometheus-node-exporter', `--web.listen-address=127.0.0.1:${nodePort}`]));

  let line = 0;
  const journal = setInterval(() => machine.say(`usb 1-1: reset high-speed USB device number ${++line % 100} using xhci_hcd`), 1000);
  const scrape = setInterval(() => http.get({host: '127.0.0.1', port: nodePort, path: '/metrics'}, (response) => response.resume()).on('error', () => {}), 10_000);

  console.log(`warming up for ${warmUp} s, then measuring for ${seconds} s ...`);
  await sleep(warmUp * 1000);
  const watches = [new Watch('hale (haled + children)', groups.hale), new Watch('collectd, 15 plugins', groups.collectd), new Watch('prometheus-node-exporter', groups.node)];
  for (const watch of watches) watch.begin();
  const end = Date.now() + seconds * 1000;
  for (let tick = 0; Date.now() < end; ++tick) {
    for (const watch of watches) watch.poll(tick % 100 === 0);
    await sleep(10);
  }
  console.table(watches.map((watch) => watch.end()));
  const status = JSON.parse(run('hale', ['status', '--json'], {HALE_STATE_DIR: state}));
  const readings = status.collectors.reduce((total, collector) => total + collector.readings, 0);
  const events = status.collectors.find((collector) => collector.name === 'events');
  console.log(`journal: ${machine.lines()} lines, of which the agent says: ${events.status}, ${events.detail}; seen with a child: ${watches[0].children} times`);
  console.log(`hale: ${readings} readings, uploads: ${run('hale', ['privacy', '--json'], {HALE_STATE_DIR: state}).replace(/\s+/g, ' ').slice(0, 400)}`);
  console.log('must: CPU 0.06 %, PSS 8 MB, 2 wakeups/s, 20 KB/min   aim: 0.02 %, 5 MB, 0.2/s, 5 KB/min');
  clearInterval(journal);
  clearInterval(scrape);
  await stop();
  for (const group of Object.values(groups)) group.remove();
}

async function stop() {
  for (const child of children.reverse()) child.kill('SIGTERM');
  await sleep(3000);
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  if (!process.env.HALE_KEEP) fs.rmSync(work, {recursive: true, force: true});
}

main().catch(async (error) => {
  console.error(`bench: ${error.message}`);
  await stop();
  process.exit(1);
});
