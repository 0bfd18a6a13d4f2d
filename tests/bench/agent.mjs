// What the agent costs at rest, beside collectd and prometheus-node-exporter on the same captured machine in the same run: `./dev bench agent [--seconds N]`.
// The agent is enrolled at a real hale-fleet on this machine and uploads; a kernel log line is written every second; child processes are counted.
// CPU time comes from a control group of its own for each agent, memory from smaps_rollup, wake-ups from voluntary context switches.
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
    Object.assign(this, {name, group, counters: new Map(), pss: []});
  }
  poll(withMemory) {
    let pss = 0;
    for (const pid of this.group.pids()) {
      try {
        const io = fs.readFileSync(`/proc/${pid}/io`, 'utf8');
        this.counters.set(`io ${pid}`, Number(/^write_bytes: (\d+)/m.exec(io)[1]) - Number(/^cancelled_write_bytes: (\d+)/m.exec(io)[1]));
        for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
          const status = fs.readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
          this.counters.set(`switches ${pid} ${thread}`, Number(/voluntary_ctxt_switches:\s*(\d+)/.exec(status)[1]));
        }
        if (withMemory) pss += Number(/^Pss:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
      } catch {
        // It ended between listing and reading: what was seen before counts.
      }
    }
    if (withMemory) this.pss.push(pss / 1024);
  }
  sum(kind) {
    return [...this.counters].filter(([key]) => key.startsWith(kind)).reduce((total, [, value]) => total + value, 0);
  }
  begin() {
    this.poll(false);
    this.start = {cpu: this.group.cpuSeconds(), io: this.sum('io'), switches: this.sum('switches'), at: Date.now()};
  }
  end() {
    this.poll(true);
    const passed = (Date.now() - this.start.at) / 1000;
    const mean = this.pss.reduce((a, b) => a + b, 0) / this.pss.length;
    return {
      agent: this.name,
      'CPU % of a core': ((100 * (this.group.cpuSeconds() - this.start.cpu)) / passed).toFixed(4),
      'PSS MB mean': mean.toFixed(2),
      'PSS MB peak': Math.max(...this.pss).toFixed(2),
      'wakeups/s': ((this.sum('switches') - this.start.switches) / passed).toFixed(2),
      'written KB/min': (((this.sum('io') - this.start.io) / 1024 / passed) * 60).toFixed(1),
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

/** The tree as the tools that cannot be told a root see it: bound over /sys in a mount namespace of their own. */
function inMountNamespace(tree, command) {
  const script = 'mkdir -p "$1.up" "$1.wk" && mount -t overlay overlay -o "lowerdir=$1/sys:/sys" /sys && shift && exec "$@"';
  return ['/usr/bin/unshare', '--mount', '/bin/sh', '-c', script, 'sh', tree, ...command];
}

async function main() {
  const tree = path.join(work, 'machine');
  execFileSync(path.join(repository, 'tests/support/unpack_tree'), [path.join(repository, 'tests/golden/machines/laptop40/tree.txt'), tree]);
  const kernelLog = path.join(tree, 'dev/kmsg');
  fs.appendFileSync(kernelLog, '');

  const fleet = await startFleet();
  const state = path.join(work, 'state');
  fs.mkdirSync(state);
  const config = path.join(work, 'config.json');
  fs.writeFileSync(config, JSON.stringify({sweep_interval_s: 10, upload: {consent: 'granted', interval_minutes: 2}}));
  run('hale-upload', ['enroll', '--token-file', '-', '--state', state], {HALE_STATE_DIR: state}, fleet.token());

  const groups = {hale: new Group('hale'), collectd: new Group('collectd'), node: new Group('node_exporter')};
  startIn(groups.hale, [program('haled'), '--config', config, '--sysfs', `${tree}/sys`, '--procfs', `${tree}/proc`, '--devfs', `${tree}/dev`], {HALE_STATE_DIR: state});

  const collectdConfig = path.join(work, 'collectd.conf');
  const plugins = ['cpu', 'sensors', 'thermal', 'battery', 'disk', 'df', 'memory', 'load', 'uptime', 'cpufreq', 'irq', 'processes', 'swap', 'entropy', 'csv'];
  fs.writeFileSync(collectdConfig, `Interval 10\nBaseDir "${work}/collectd"\nPIDFile "${work}/collectd.pid"\n${plugins.map((plugin) => `LoadPlugin ${plugin}`).join('\n')}\n<Plugin csv>\n DataDir "${work}/collectd/csv"\n</Plugin>\n`);
  startIn(groups.collectd, inMountNamespace(tree, ['/usr/sbin/collectd', '-f', '-C', collectdConfig]));
  const nodePort = 20000 + (process.pid % 20000);
  startIn(groups.node, ['/usr/bin/prometheus-node-exporter', `--path.sysfs=${tree}/sys`, '--path.procfs=/proc', `--web.listen-address=127.0.0.1:${nodePort}`]);

  let line = 0;
  const journal = setInterval(() => fs.appendFileSync(kernelLog, `6,${++line},${line * 1000000},-;usb 1-1: reset high-speed USB device number ${line % 100} using xhci_hcd\n`), 1000);
  const scrape = setInterval(() => http.get({host: '127.0.0.1', port: nodePort, path: '/metrics'}, (response) => response.resume()).on('error', () => {}), 10_000);

  console.log(`warming up for ${warmUp} s, then measuring for ${seconds} s ...`);
  await sleep(warmUp * 1000);
  const watches = [new Watch('hale (haled + children)', groups.hale), new Watch('collectd, 15 plugins', groups.collectd), new Watch('prometheus-node-exporter', groups.node)];
  for (const watch of watches) watch.begin();
  const end = Date.now() + seconds * 1000;
  for (let tick = 0; Date.now() < end; ++tick) {
    for (const watch of watches) watch.poll(tick % 40 === 0);
    await sleep(25);
  }
  console.table(watches.map((watch) => watch.end()));
  const status = JSON.parse(run('hale', ['status', '--json'], {HALE_STATE_DIR: state}));
  const readings = status.collectors.reduce((total, collector) => total + collector.readings, 0);
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
