// One PC and a fleet server on this machine, end to end: `./dev demo [--once] [--recording FILE]`.
// Starts hale-fleet with a fresh CA, enrols this PC's agent on its real sensors, and, where those cannot show cooling, a second agent that replays a
// recorded machine through the same pipeline. With --once it ends when every finding that `hale replay` gives has come back through the fleet's API.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const options = parseArguments(process.argv.slice(2));
const children = [];
const say = (text) => process.stdout.write(`${text}\n`);

function parseArguments(words) {
  const parsed = {once: false, recording: '', bin: path.join(repository, 'build/release/bin'), work: path.join(repository, 'build/demo')};
  for (let i = 0; i < words.length; ++i) {
    if (words[i] === '--once') parsed.once = true;
    else if (['--recording', '--bin', '--work'].includes(words[i]) && words[i + 1]) parsed[words[i].slice(2)] = words[++i];
    else {
      console.error(`demo: unknown option ${words[i]} (--once, --recording FILE)`);
      process.exit(2);
    }
  }
  if (parsed.recording && !fs.existsSync(parsed.recording)) {
    console.error(`demo: there is no recording ${parsed.recording}`);
    process.exit(2);
  }
  return parsed;
}

const program = (name) => path.join(options.bin, name);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a long-running program of ours; its output goes to a log in the work folder. */
function start(name, args, environment, log) {
  const output = fs.openSync(log, 'a');
  const child = spawn(program(name), args, {env: {...process.env, ...environment}, stdio: ['ignore', output, output]});
  fs.closeSync(output);
  child.on('exit', (code, signal) => {
    child.ended = true;
    if (!stopping && !child.mayEnd) fatal(`${name} ended by itself (${signal ?? code}); the end of its log:\n${tail(log)}`);
  });
  child.on('error', (error) => fatal(`${name} cannot be started: ${error.message}`));
  children.push(child);
  return child;
}

const tail = (file) => fs.readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');

function run(name, args, environment = {}, input) {
  try {
    return execFileSync(program(name), args, {env: {...process.env, ...environment}, input, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe']});
  } catch (error) {
    throw new Error(`${name} ${args[0]}: ${(error.stderr || error.message).trim()}`);
  }
}

async function until(what, seconds, attempt) {
  const end = Date.now() + seconds * 1000;
  let last = '';
  for (;;) {
    try {
      const value = await attempt();
      if (value) return value;
    } catch (error) {
      last = error.message;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s${last ? `: ${last}` : ''}`);
    await sleep(200);
  }
}

let stopping = false;
let work = '';

/** Ends every child by its pid and removes the run's folder. */
async function cleanUp() {
  stopping = true;
  for (const child of [...children].reverse()) {
    if (!child.ended) child.kill('SIGTERM');
    const end = Date.now() + 10_000;
    while (!child.ended && Date.now() < end) await sleep(20);
    if (!child.ended) child.kill('SIGKILL');
  }
  if (work && !process.env.HALE_KEEP) fs.rmSync(work, {recursive: true, force: true});
}

async function fatal(message) {
  if (stopping) return;
  console.error(`demo: ${message}`);
  await cleanUp();
  process.exit(1);
}

/** A console session over the fleet's own CA. */
class Console {
  constructor(port, ca) {
    Object.assign(this, {port, ca, cookie: ''});
  }

  request(method, target, body) {
    return new Promise((resolve, reject) => {
      const headers = {'x-hale-request': '1', cookie: this.cookie, origin: `https://localhost:${this.port}`};
      const payload = body === undefined ? undefined : JSON.stringify(body);
      if (payload) Object.assign(headers, {'content-type': 'application/json', 'content-length': Buffer.byteLength(payload)});
      const request = https.request({host: '127.0.0.1', servername: 'localhost', port: this.port, ca: this.ca, method, path: target, headers}, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => {
          if (response.headers['set-cookie']) this.cookie = response.headers['set-cookie'].map((one) => one.split(';')[0]).join('; ');
          if (response.statusCode >= 400) reject(new Error(`${method} ${target}: ${response.statusCode} ${text.slice(0, 300)}`));
          else resolve(text ? JSON.parse(text) : {});
        });
      });
      request.on('error', reject).end(payload);
    });
  }
}

async function startFleet() {
  const data = path.join(work, 'fleet');
  const passwordFile = path.join(work, 'password');
  run('hale-fleet', ['init', '--data', data, '--host', 'localhost', '--organization', 'Hale demo', '--password-file', passwordFile]);
  const portsFile = path.join(work, 'ports.json');
  start('hale-fleet', ['serve', '--data', data, '--device-listen', '127.0.0.1:0', '--console-listen', '127.0.0.1:0', '--ports-file', portsFile], {}, path.join(work, 'fleet.log'));
  const ports = await until('the fleet server listening', 20, () => JSON.parse(fs.readFileSync(portsFile, 'utf8')));
  const fleet = {data, ports, password: fs.readFileSync(passwordFile, 'utf8').trim(), login: 'admin'};
  fleet.console = new Console(ports.console, fs.readFileSync(path.join(data, 'ca.pem')));
  await until('the fleet server being ready', 20, () => fleet.console.request('GET', '/readyz').then(() => true));
  await fleet.console.request('POST', '/api/v1/session', {name: fleet.login, password: fleet.password});
  return fleet;
}

/** An agent with a state folder of its own, enrolled at the fleet. */
async function startAgent(fleet, name, extra) {
  const state = path.join(work, name);
  fs.mkdirSync(state);
  const config = path.join(work, `${name}.json`);
  fs.writeFileSync(config, JSON.stringify({upload: {consent: 'granted', interval_minutes: 1}}));
  const environment = {HALE_STATE_DIR: state};
  const token = run('hale-fleet', ['token', 'create', '--data', fleet.data, '--uses', '1', '--url', `https://localhost:${fleet.ports.device}`]).trim();
  run('hale-upload', ['enroll', '--token-file', '-', '--state', state], environment, `${token}\n`);
  const child = start('haled', ['--config', config, ...extra], environment, path.join(work, `${name}.log`));
  await until(`${name}'s agent answering`, 20, () => hale(environment, 'status'));
  return {name, state, environment, child, device: JSON.parse(fs.readFileSync(path.join(state, 'identity.json'), 'utf8')).device};
}

const hale = (environment, ...args) => JSON.parse(run('hale', [...args, '--json'], environment));

/** What this PC's own agent can see, in words; true when it can judge cooling. */
async function describeOwnSensors(agent) {
  const status = await until('the first sweep', 30, () => {
    const now = hale(agent.environment, 'status');
    return now.collectors?.some((collector) => collector.readings > 0) && now;
  });
  for (const collector of status.collectors) say(`  ${collector.name.padEnd(12)} ${collector.status.padEnd(7)} ${collector.readings} readings${collector.detail ? `  ${collector.detail}` : ''}`);
  return ['temperature', 'fan'].some((name) => status.collectors.find((collector) => collector.name === name)?.status === 'ok');
}

const transitionKey = (finding) => [new Date(finding.time).toISOString(), finding.rule, finding.cause, finding.state].join(' ');

/** The transitions `hale replay` gives that the fleet's API does not show yet. */
async function missingFrom(fleet, device, expected) {
  const seen = new Map();
  for (let page = 1, got = 0; ; ++page) {
    const answer = await fleet.console.request('GET', `/api/v1/devices/${device}/findings?transitions=true&limit=500&page=${page}`);
    for (const finding of answer.findings) seen.set(transitionKey(finding), (seen.get(transitionKey(finding)) ?? 0) + 1);
    got += answer.findings.length;
    if (answer.findings.length === 0 || got >= answer.total) break;
  }
  return expected.filter((finding) => {
    const left = seen.get(transitionKey(finding)) ?? 0;
    if (left > 0) seen.set(transitionKey(finding), left - 1);
    return left === 0;
  });
}

function startDesktop(agent) {
  if (!process.env.DBUS_SESSION_BUS_ADDRESS) {
    say('There is no desktop session here: the message waits, and `hale findings` lists it.');
    return;
  }
  start('hale-desktop', [], agent.environment, path.join(work, 'desktop.log')).mayEnd = true;
  say('The message is shown as a desktop notification.');
}

/// A gaming laptop's first hundred days: learnt clean, then dust (the truth is in the file beside it).
function simulateDust() {
  run('hale-sim', ['--seed', '7', '--case', 'dust', '--class', 'gaming', '--tier', 'full', '--days', '100', '--gzip', '--out', work]);
  say('It is a simulated gaming laptop: 100 days, of which the last two months make it dusty.');
  return path.join(work, 'dust-7.csv.gz');
}

async function demo() {
  fs.mkdirSync(options.work, {recursive: true});
  work = fs.mkdtempSync(path.join(options.work, 'run-'));
  say('Fleet server: starting, with a CA of its own ...');
  const fleet = await startFleet();
  say('This PC: enrolling, and collecting from its own sensors ...');
  const own = await startAgent(fleet, 'this-pc', []);
  const cooling = await describeOwnSensors(own);
  if (!cooling) say('This machine shows no cooling sensors (a virtual machine?), so a second device replays one through the same pipeline.');

  if (!cooling || options.once || options.recording) {
    const recording = options.recording ? path.resolve(options.recording) : simulateDust();
    const expected = run('hale', ['replay', recording, '--no-coverage']).split('\n').filter(Boolean).map((line) => JSON.parse(line)).filter((line) => line.type === 'finding');
    if (expected.length === 0) throw new Error(`hale replay finds nothing in ${recording}; the demo needs a recording with a finding`);
    if (!options.recording && !expected.some((finding) => finding.cause === 'dust')) throw new Error(`hale replay does not find the dust in ${recording}`);
    const replayed = await startAgent(fleet, 'replayed-pc', ['--replay', recording, '--speed', '0']);
    let missing = expected;
    await until(`${expected.length} findings of ${path.basename(recording)} in the fleet's API`, 240, async () => {
      missing = await missingFrom(fleet, replayed.device, expected);
      return missing.length === 0;
    }).catch((error) => {
      throw new Error(`${error.message}; still missing: ${missing.slice(0, 5).map(transitionKey).join('; ')}`);
    });
    startDesktop(replayed);
    say(`\nFound, told and uploaded (${expected.length} transitions, each back through the fleet's API):`);
    for (const finding of expected) say(`  ${finding.time}  ${finding.severity.padEnd(8)} ${finding.state.padEnd(8)} ${finding.rule}: ${finding.summary}`);
  }
  await until("this PC in the fleet's API", 60, async () => (await fleet.console.request('GET', `/api/v1/devices/${own.device}`)).id === own.device);

  say(`\nConsole: https://localhost:${fleet.ports.console}/   (its certificate is from the CA in ${path.join(fleet.data, 'ca.pem')})`);
  say(`Login:   ${fleet.login}   Password: ${fleet.password}`);
  if (options.once) return;
  say('Ctrl-C ends it and removes everything.');
  await new Promise(() => {});
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    await cleanUp();
    process.exit(options.once ? 1 : 0);
  });
}
demo().then(async () => {
  await cleanUp();
  say('demo: ok');
}).catch((error) => fatal(error.message));
