/** A real hale-fleet of its own: fresh data folder, free loopback ports, ended by its process id. */
import { execFile, spawn } from 'node:child_process';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { eventually } from './report.mjs';

const run = promisify(execFile);

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** One HTTPS request to the console; its certificate is the fresh private CA's, which a browser would be told to trust. */
export function consoleRequest(base, method, path, { body, cookie } = {}) {
  const headers = { 'X-Hale-Request': '1', ...(cookie ? { Cookie: cookie } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, base), { method, headers, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] }));
    });
    sent.on('error', reject);
    sent.end(body ? JSON.stringify(body) : undefined);
  });
}

async function ok(promise, what) {
  const answer = await promise;
  if (answer.status < 200 || answer.status > 299) throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
  return answer.text ? JSON.parse(answer.text) : undefined;
}

/** Starts it and signs its first administrator in. */
export async function startFleet(program, folder) {
  const data = join(folder, 'fleet');
  const [devicePort, consolePort] = [await freePort(), await freePort()];
  const { stdout } = await run(program, ['init', '--data', data, '--organization', 'Browser test']);
  const [, name, password] = /^password of (\S+) [^:]*: (\S+)$/m.exec(stdout) ?? [];
  if (!password) throw new Error(`hale-fleet init printed no password:\n${stdout}`);
  const listen = ['--device-listen', `127.0.0.1:${devicePort}`, '--console-listen', `127.0.0.1:${consolePort}`];
  const base = `https://127.0.0.1:${consolePort}`;
  let log = '';
  let child, ended;
  const start = async () => {
    child = spawn(program, ['serve', '--data', data, ...listen], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (log += chunk));
    child.stderr.on('data', (chunk) => (log += chunk));
    ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
    const ready = async () => {
      if (child.exitCode !== null) throw new Error(`hale-fleet ended at once:\n${log}`);
      return consoleRequest(base, 'GET', '/readyz').then((answer) => answer.status === 200, () => false);
    };
    await eventually(ready, 'hale-fleet being ready', 20_000);
  };
  await start();
  const signedIn = await consoleRequest(base, 'POST', '/api/v1/session', { body: { name, password } });
  if (signedIn.status !== 200) throw new Error(`the first administrator cannot sign in: ${signedIn.status} ${signedIn.text}`);
  return {
    base,
    deviceBase: `https://127.0.0.1:${devicePort}`,
    admin: { name, password },
    api: (method, path, body) => ok(consoleRequest(base, method, path, { body, cookie: signedIn.cookie }), `${method} ${path}`),
    log: () => log,
    start,
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 12_000);
      const result = await ended;
      clearTimeout(killer);
      return result;
    },
  };
}
