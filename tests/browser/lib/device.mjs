/** A PC as the fleet sees it: a key of its own, a certificate by enrolment, batches over mutual TLS. */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

function post(url, body, tls, onsecure) {
  const text = JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, minVersion: 'TLSv1.3', agent: false, ...tls }, (response) => {
      let answer = '';
      response.on('data', (chunk) => (answer += chunk));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(answer));
        else reject(new Error(`${url}: ${response.statusCode} ${answer.slice(0, 400)}`));
      });
    });
    sent.on('socket', (socket) => socket.on('secureConnect', () => onsecure?.(socket, sent)));
    sent.on('error', reject);
    sent.end(text);
  });
}

/** Whether the chain that the server showed holds the CA of the token's fingerprint, as an agent checks it. */
function holdsPinned(certificate, fingerprint) {
  for (let one = certificate, depth = 0; one?.raw && depth < 5; one = one.issuerCertificate, depth++) {
    if (createHash('sha256').update(one.raw).digest('hex') === fingerprint) return true;
  }
  return false;
}

export class TestDevice {
  #tls;
  #base;

  static async enrol(base, token, folder, label) {
    const key = join(folder, `${label}.key`);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const { stdout: csr } = await run('openssl', ['req', '-new', ...curve, '-keyout', key, '-subj', `/CN=${label}`]);
    const { f: fingerprint } = JSON.parse(Buffer.from(token.slice('hale1.'.length), 'base64url').toString());
    const checkPin = (socket, sent) => {
      if (!holdsPinned(socket.getPeerCertificate(true), fingerprint)) sent.destroy(new Error('the server does not show the CA that the token names'));
    };
    const body = { token, csr, hardware: `test-${label}`, agent: { version: '0.1.0', os: 'Debian GNU/Linux 12' } };
    const answer = await post(new URL('/v1/device/enroll', base), body, { rejectUnauthorized: false }, checkPin);
    const device = new TestDevice();
    device.id = answer.device;
    device.#base = base;
    device.#tls = { ca: answer.ca, cert: answer.certificate, key: await readFile(key), servername: 'localhost' };
    return device;
  }

  /** Uploads items ({kind, time, body}) and expects every one to be accepted. */
  async upload(items) {
    const batch = { schema: 1, device: this.id, batch: randomUUID(), created: new Date().toISOString(), items: items.map((item) => ({ id: randomUUID(), ...item })) };
    const json = await post(new URL('/v1/device/batches', this.#base), batch, this.#tls);
    if (json.accepted.length !== items.length) throw new Error(`the fleet did not accept everything: ${JSON.stringify(json).slice(0, 400)}`);
  }
}
