/**
 * Drives the console in a real browser against a real hale-fleet.
 *   HALE_BIN_DIR      where hale-fleet is (default ../../build/release/bin)
 *   HALE_SCREENSHOTS  folder for screenshots (optional)
 *   HALE_CHROMIUM     the browser (default /usr/bin/chromium)
 *   HALE_SUITES       comma separated names, to run some only
 * One line a check; last line "N passed, N failed, N skipped"; exit code accordingly.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Browser } from './lib/browser.mjs';
import { finding, inventory, status, story, telemetry } from './lib/data.mjs';
import { TestDevice } from './lib/device.mjs';
import { startFleet } from './lib/fleet.mjs';
import { equal, Report } from './lib/report.mjs';
import { administration, roles } from './suites/administration.mjs';
import { device } from './suites/device.mjs';
import { devices } from './suites/devices.mjs';
import { keyboard } from './suites/keyboard.mjs';
import { live } from './suites/live.mjs';
import { looks } from './suites/looks.mjs';
import { owner } from './suites/owner.mjs';
import { session } from './suites/session.mjs';

const suites = { session, devices, device, live, looks, keyboard, administration, roles, owner };
const total = 28;

function programs() {
  const fleet = resolve(process.env.HALE_BIN_DIR ?? new URL('../../build/release/bin', import.meta.url).pathname, 'hale-fleet');
  const chromium = process.env.HALE_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(fleet)) throw new Error(`${fleet} is not there: build it first, or set HALE_BIN_DIR`);
  if (!existsSync(chromium)) throw new Error(`${chromium} is not there: apt-get install chromium, or set HALE_CHROMIUM`);
  return { fleet, chromium };
}

function nameOf(index) {
  if (index <= 3) return `sz-lab-0${index}`;
  if (index === 4) return '财务部-04';
  return `bj-office-${String(index).padStart(2, '0')}`;
}

/** Enough devices for two pages; the first three are not well, the first has a history. */
async function populate(fleet, folder) {
  const { text } = await fleet.api('POST', '/api/v1/tokens', { uses: total, expires_s: 3600, note: 'seed' });
  const all = [];
  for (let index = 1; index <= total; index++) {
    const one = await TestDevice.enrol(fleet.deviceBase, text, folder, `pc${index}`);
    const machine = index % 2 === 1 ? ['Lenovo', 'ThinkPad T14 Gen 4', 'Debian GNU/Linux 12'] : ['HP', 'EliteDesk 800 G9', 'Windows 11 Pro 24H2'];
    await one.upload([inventory(nameOf(index), ...machine)]);
    all.push(one);
  }
  const [main, second, third, , quiet] = all;
  await main.upload([finding('info', { daysAgo: 20 }), finding('info', { state: 'resolved', daysAgo: 20, time: Date.now() - 18 * 86_400_000 }), finding('critical'), ...story(), status(), ...telemetry()]);
  await second.upload([finding('warning', { daysAgo: 9 }), ...telemetry(6)]);
  await third.upload([finding('info', { daysAgo: 2 })]);
  await fleet.api('POST', '/api/v1/users', { name: 'zhao.min', role: 'viewer', password: 'a viewer password' });
  return { main, quiet, spare: all.at(-1), viewer: { name: 'zhao.min', password: 'a viewer password' } };
}

async function main() {
  const { fleet: program, chromium } = programs();
  const shots = process.env.HALE_SCREENSHOTS && resolve(process.env.HALE_SCREENSHOTS);
  if (shots) await mkdir(shots, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), 'hale-browser-'));
  const report = new Report();
  let fleet, browser;
  try {
    fleet = await startFleet(program, folder);
    browser = await Browser.start(fleet.base, shots, chromium);
    if (!process.env.HALE_SUITES) await emptyFleet(report, browser, fleet);
    const world = { fleet, browser, folder, total, ...(await populate(fleet, folder)) };
    const wanted = process.env.HALE_SUITES?.split(',') ?? Object.keys(suites);
    for (const name of wanted) await suites[name](report, world);
    await report.check('no page asked another server for anything', () => equal(browser.foreign, [], 'requests'));
    await report.check('no page reported an error or broke the content policy', () => equal(browser.complaints, [], 'complaints'));
  } finally {
    await browser?.close();
    const ended = await fleet?.stop();
    await rm(folder, { recursive: true, force: true });
    if (fleet) await report.check('hale-fleet ends by itself when it is asked to', () => equal(ended, 0, 'exit code'));
    if (report.failed > 0 && fleet) console.log(`hale-fleet said last:\n${fleet.log().split('\n').slice(-20).join('\n')}`);
  }
  return report.finish();
}

async function emptyFleet(report, browser, fleet) {
  const page = await browser.signedIn(fleet.admin);
  await report.check('an empty fleet says how to enrol the first PC', async () => {
    await page.waitForSelector('.empty:has-text("No PC is enrolled yet")');
    await browser.shoot(page, 'empty-en-light');
    await page.click('.empty a');
    await page.waitForSelector('h1:has-text("Enrolment")');
  });
  await page.context().close();
}

try {
  process.exitCode = await main();
} catch (error) {
  console.log(`FAIL the tests could start\n     ${error?.stack ?? error}`);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
}
