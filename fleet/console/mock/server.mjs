// A stand-in for hale-fleet while the console is developed: plain HTTP on loopback, data from data.mjs, nothing is kept.
// node mock/server.mjs [PORT]; sign in as admin, support or viewer, the password is "hale-mock-password". HALE_MOCK_EMPTY=1: an empty fleet.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

import { components, makeFleet, seriesOf, telemetryOf } from './data.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const password = 'hale-mock-password';
const permissions = { admin: ['read', 'devices.revoke', 'tokens', 'users', 'audit'], support: ['read'], viewer: ['read'] };
const start = Date.now();
const fleet = process.env.HALE_MOCK_EMPTY ? { devices: [], findings: [] } : makeFleet(137, start);
const iso = (offset) => new Date(start + offset).toISOString();
const tokens = [
  { id: 't1', created: iso(-4e8), created_by: 'admin', expires: iso(2e8), uses: 50, used: 12, status: 'valid', note: 'Shenzhen office, autumn roll-out' },
  { id: 't2', created: iso(-9e8), created_by: 'admin', expires: iso(-3e8), uses: 1, used: 1, status: 'used', note: '研发部测试' },
  { id: 't3', created: iso(-9e9), created_by: 'li.wei', expires: iso(-8e9), uses: 5, used: 2, status: 'expired', note: '' },
];
const users = ['admin', 'support', 'viewer'].map((name, i) => ({ name, role: name, created: iso(-1e10), ...(i < 2 ? { last_login: iso(-3e5 * (i + 1)) } : {}) }));
const sessions = new Map();
const listeners = new Set();

class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const rank = { unknown: -1, ok: 0, info: 1, warning: 2, critical: 3 };
const sortKeys = { health: (d) => rank[d.health], last_seen: (d) => d.last_seen ?? '', enrolled: (d) => d.enrolled, name: (d) => d.name, model: (d) => d.vendor + d.model, os: (d) => d.os, agent: (d) => d.agent_version };
const isSilent = (d, after) => d.last_seen !== undefined && Date.now() - Date.parse(d.last_seen) > after * 1000;
const list = (query, name) => query.get(name)?.split(',');
const meOf = (name) => ({ name, role: name, permissions: permissions[name], organization: '海尔示例公司', version: '0.1.0', expires: iso(4e7) });

function paged(all, query, name) {
  const [limit, page] = [Number(query.get('limit') ?? 50), Number(query.get('page') ?? 1)];
  return { [name]: all.slice((page - 1) * limit, page * limit), total: all.length, page, limit };
}

function listDevices(query) {
  const [after, health, status, silent] = [Number(query.get('silent_after_s') ?? 259200), list(query, 'health'), list(query, 'status'), query.get('silent')];
  const text = (query.get('search') ?? '').toLowerCase();
  const found = fleet.devices.filter(
    (d) =>
      (!health || health.includes(d.health)) && (!status || status.includes(d.status)) && (!silent || String(isSilent(d, after)) === silent) &&
      [d.name, d.model, d.vendor, d.os, d.id].some((field) => field.toLowerCase().includes(text)),
  );
  const key = sortKeys[query.get('sort') ?? 'health'];
  const sign = query.get('order') === 'asc' ? 1 : -1;
  return paged(found.sort((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0)), query, 'devices');
}

function summary() {
  const alive = fleet.devices.filter((d) => d.status !== 'revoked');
  const count = (test) => alive.filter(test).length;
  const active = fleet.findings.filter((f) => f.state === 'active');
  const causes = [...new Set(active.map((f) => f.cause))].map((cause) => ({ cause, count: active.filter((f) => f.cause === cause).length })).sort((a, b) => b.count - a.count);
  const of = (health) => count((d) => d.health === health);
  return {
    time: new Date().toISOString(), causes, agents: [],
    devices: { total: alive.length, unknown: of('unknown'), ok: of('ok'), info: of('info'), warning: of('warning'), critical: of('critical'), silent: count((d) => isSilent(d, 259200)), cloned: 0, revoked: fleet.devices.length - alive.length },
    findings: { info: 0, warning: 0, critical: 0 },
  };
}

function deviceOf(id) {
  const device = fleet.devices.find((d) => d.id === id);
  if (!device) throw new Refusal(404, 'No device has this id.');
  return device;
}

const detailOf = (d) => ({
  ...d, components: d.health === 'unknown' ? [] : components, context: { bios_version: 'N3QET45W (1.45)' }, inventory: {},
  agent_status: d.health === 'unknown' ? {} : {
    collectors: [{ name: 'temperature', status: 'ok', readings: 51840, rejected: 3 }, { name: 'fan', status: 'ok', readings: 17280, rejected: 0 }, { name: 'disk', status: 'error', readings: 0, rejected: 0 }, { name: 'gpu', status: 'absent' }],
    coverage: [{ rule: 'cooling.dust', status: 'ok' }, { rule: 'memory.errors', status: 'insufficient', tier: '', reason: 'no error counters on this machine' }],
  },
  certificates: [{ serial: '01', not_before: d.enrolled, not_after: iso(6e9), revoked: d.status === 'revoked' }],
});

function timelineOf(d) {
  const own = fleet.findings.filter((f) => f.device === d.id);
  const entries = own.map((f) => ({ time: f.time, kind: 'finding', body: f }));
  for (const f of own.filter((one) => one.state === 'active')) {
    const after = (ms) => new Date(Date.parse(f.time) + ms).toISOString();
    entries.push({ time: after(9e5), kind: 'notification', body: { title: d.chinese ? '电脑散热变差' : 'Your PC cools less well', body: f.summary, level: 'warning' } });
    entries.push({ time: after(3e6), kind: 'feedback', body: { answer: 'later' } });
  }
  entries.push({ time: iso(-2e9), kind: 'outcome', body: { result: 'improved', before: 91.2, after: 78.4 } });
  entries.push({ time: iso(-5e8), kind: 'event', body: { source: 'kernel', code: 'thermal_throttle' } });
  entries.push({ time: d.enrolled, kind: 'device', body: { change: 'enrolled', detail: '' } });
  return entries.sort((a, b) => (a.time < b.time ? 1 : -1));
}

function findingsOf(query, device) {
  const [state, severity] = [query.get('state'), list(query, 'severity')];
  return fleet.findings.filter((f) => (!device || f.device === device) && (!state || f.state === state) && (!severity || severity.includes(f.severity)));
}

const routes = [
  ['GET', /^\/me$/, ({ name }) => meOf(name)],
  ['GET', /^\/summary$/, () => summary()],
  ['GET', /^\/devices$/, ({ query }) => listDevices(query)],
  ['GET', /^\/devices\/([^/]+)$/, ({ match }) => detailOf(deviceOf(match[1]))],
  ['GET', /^\/devices\/([^/]+)\/series$/, ({ match }) => ({ series: deviceOf(match[1]).health === 'unknown' ? [] : seriesOf(Date.now()) })],
  ['GET', /^\/devices\/([^/]+)\/telemetry$/, ({ query }) => telemetryOf({ metric: query.get('metric'), component: query.get('component') ?? '', key: query.get('key') ?? '', from: Date.parse(query.get('from')), to: Date.parse(query.get('to')) }, Date.now())],
  ['GET', /^\/devices\/([^/]+)\/findings$/, ({ match, query }) => paged(findingsOf(query, match[1]), query, 'findings')],
  ['GET', /^\/devices\/([^/]+)\/timeline$/, ({ match, query }) => paged(timelineOf(deviceOf(match[1])), query, 'entries')],
  ['POST', /^\/devices\/([^/]+)\/revoke$/, ({ match }) => detailOf(Object.assign(deviceOf(match[1]), { status: 'revoked' })), 'devices.revoke'],
  ['GET', /^\/findings$/, ({ query }) => paged(findingsOf(query), query, 'findings')],
  ['GET', /^\/tokens$/, () => ({ tokens }), 'tokens'],
  ['POST', /^\/tokens$/, ({ body, name }) => {
    const token = { id: `t${tokens.length + 1}`, created: new Date().toISOString(), created_by: name, expires: new Date(Date.now() + body.expires_s * 1000).toISOString(), uses: body.uses, used: 0, status: 'valid', note: body.note };
    tokens.unshift(token);
    const secret = { u: 'https://fleet.example.com:8443', f: '9c'.repeat(32), s: 'bW9jayBzZWNyZXQgb2YgdGhlIGNvbnNvbGU' };
    return { ...token, text: `hale1.${Buffer.from(JSON.stringify(secret)).toString('base64url')}` };
  }, 'tokens'],
  ['DELETE', /^\/tokens\/([^/]+)$/, ({ match }) => void (tokens.find((t) => t.id === match[1]).status = 'revoked'), 'tokens'],
  ['GET', /^\/users$/, () => ({ users }), 'users'],
  ['POST', /^\/users$/, ({ body }) => {
    if (users.some((u) => u.name === body.name)) throw new Refusal(409, `There is a user ${body.name} already.`);
    users.push({ name: body.name, role: body.role, created: new Date().toISOString() });
    return users.at(-1);
  }, 'users'],
  ['PATCH', /^\/users\/([^/]+)$/, ({ match, body }) => Object.assign(users.find((u) => u.name === match[1]), body.role ? { role: body.role } : {}), 'users'],
  ['DELETE', /^\/users\/([^/]+)$/, ({ match }) => void users.splice(users.findIndex((u) => u.name === match[1]), 1), 'users'],
];

function login(body, response) {
  if (!(body.name in permissions) || body.password !== password) throw new Refusal(401, 'Login or password is wrong.');
  const id = `${Date.now()}${sessions.size}`;
  sessions.set(id, body.name);
  response.setHeader('Set-Cookie', `hale_mock=${id}; HttpOnly; SameSite=Strict; Path=/`);
  return meOf(body.name);
}

function stream(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write(': hello\n\n');
  listeners.add(response);
  response.on('close', () => listeners.delete(response));
}

async function answer(request, response, url) {
  let text = '';
  for await (const chunk of request) text += chunk;
  const body = text ? JSON.parse(text) : {};
  const path = url.pathname.slice('/api/v1'.length);
  if (request.method !== 'GET' && request.headers['x-hale-request'] !== '1') throw new Refusal(403, 'X-Hale-Request is missing.');
  if (path === '/session' && request.method === 'POST') return login(body, response);
  const cookie = /hale_mock=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  const name = sessions.get(cookie);
  if (!name) throw new Refusal(401, 'Please sign in.');
  if (path === '/session') return void sessions.delete(cookie);
  if (path === '/live') return stream(response);
  for (const [method, pattern, handle, permission] of routes) {
    const match = method === request.method && pattern.exec(path);
    if (!match) continue;
    if (permission && !permissions[name].includes(permission)) throw new Refusal(403, 'Your role may not do this.');
    return handle({ match, query: url.searchParams, body, name });
  }
  throw new Refusal(404, 'There is no such route.');
}

function serveFile(path, response) {
  const file = join(dist, normalize(path === '/' ? '/index.html' : path));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  const type = types[extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'" });
  createReadStream(file).pipe(response);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
  try {
    const found = await answer(request, response, url);
    if (response.headersSent) return;
    if (found === undefined) response.writeHead(204).end();
    else response.writeHead(request.method === 'POST' && !/session|revoke/.test(url.pathname) ? 201 : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(found));
  } catch (error) {
    const status = error.status ?? 500;
    response.writeHead(status, { 'Content-Type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title: 'Refused', status, detail: error.message }));
  }
});

let count = 0;
setInterval(() => {
  const device = fleet.devices[count % Math.max(1, fleet.devices.length)];
  if (!device || device.last_seen === undefined) return void count++;
  device.last_seen = new Date().toISOString();
  for (const one of listeners) one.write(`id: ${++count}\nevent: device_seen\ndata: ${JSON.stringify({ device: device.id, time: device.last_seen })}\n\n`);
}, 2000).unref();

server.listen(Number(process.argv[2] ?? 8971), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
