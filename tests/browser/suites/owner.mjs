/** The pages the owner of a PC sees: made by `hale` from a real `haled` that judged a recording, opened as files. */
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { accessible, noSideways } from '../lib/browser.mjs';
import { equal, eventually, expect } from '../lib/report.mjs';

const bin = resolve(process.env.HALE_BIN_DIR ?? new URL('../../../build/release/bin', import.meta.url).pathname);
/** Chassis as inventory names them, and what the pages draw. */
const machines = { laptop: 'laptop', desktop: 'tower', mini: 'mini' };

function run(program, args, env) {
  return new Promise((done) => {
    const child = spawn(join(bin, program), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (out += chunk));
    child.on('exit', (code) => done({ code, out: out.trim() }));
  });
}

/** A disk with bad places, 12 weeks of temperatures on a PC of this chassis; names as hostile as firmware can be. */
function recording(chassis) {
  const rows = ['time,host.chassis,hw.vendor/host,hw.model/host,hw.type/host,hw.model/disk0,hw.temperature/cpu,hw.temperature.limit/cpu/critical,hw.fan.speed/fan1,hw.physical_disk.smart/disk0/197,system.cpu.utilization'];
  const start = Date.now() - 12 * 7 * 86_400_000;
  for (let hour = 0; hour < 12 * 7 * 24; hour += 2) {
    const time = new Date(start + hour * 3_600_000).toISOString().replace('.000', '').replace(/\.\d+Z/, 'Z');
    const busy = hour % 24 > 8 && hour % 24 < 20;
    const first = hour === 0 ? [chassis, 'LENOVO', '"ThinkPad <b>T14</b>"', 'host', '"ST4000 <script>alert(1)</script>"'] : ['', '', '', '', ''];
    rows.push([time, ...first, busy ? 71 + (hour % 7) : 44, 100, busy ? 2900 : 1800, hour > 1200 ? 8 : 0, busy ? 0.4 : 0.05].join(','));
  }
  return rows.join('\n') + '\n';
}

async function startAgent(folder, chassis) {
  const home = join(folder, `owner-${chassis}`);
  await mkdir(join(home, 'state'), { recursive: true });
  await mkdir(join(home, 'run'), { mode: 0o700 });
  await writeFile(join(home, 'pc.csv'), recording(chassis));
  await writeFile(join(home, 'config.json'), '{}');
  const env = { ...process.env, HALE_STATE_DIR: join(home, 'state'), XDG_RUNTIME_DIR: join(home, 'run'), TZ: 'Asia/Shanghai' };
  const child = spawn(join(bin, 'haled'), ['--config', join(home, 'config.json'), '--replay', join(home, 'pc.csv'), '--speed', '0'], { env, stdio: 'ignore' });
  const hale = (...args) => run('hale', args, env);
  const found = await eventually(async () => {
    const { code, out } = await hale('findings', '--json');
    return code === 0 && JSON.parse(out).findings[0];
  }, 'a finding', 30_000);
  await eventually(async () => JSON.parse((await hale('status', '--json')).out).state === 'replay_ended', 'the recording being judged', 30_000);
  const made = async (args) => {
    const { code, out } = await hale(...args);
    if (code !== 0) throw new Error(`hale ${args.join(' ')}: ${out}`);
    return pathToFileURL(out.split('\n').at(-1)).href;
  };
  const end = () => new Promise((done) => (child.on('exit', done), child.kill('SIGTERM')));
  return { found, made, end, hale };
}

export async function owner(report, { browser, folder }) {
  for (const [chassis, drawn] of Object.entries(machines)) {
    const agent = await startAgent(folder, chassis);
    try {
      await looks(report, browser, agent, chassis, drawn);
      if (chassis === 'laptop') await behaviour(report, browser, agent);
    } finally {
      await agent.end();
    }
    if (chassis === 'laptop') {
      await report.check('without a running agent `hale report` ends with 3', async () => equal((await agent.hale('report')).code, 3, 'exit code'));
    }
  }
}

async function looks(report, browser, { found, made }, chassis, drawn) {
  const tags = chassis === 'laptop' ? [['en', 'light'], ['en', 'dark'], ['zh-CN', 'light'], ['zh-CN', 'dark']] : [['en', 'light']];
  for (const [language, theme] of tags) {
    for (const [name, args] of [['guide', ['guide', found.fingerprint]], ['report', ['report']]]) {
      const tag = `${name} of a ${chassis} in ${language}-${theme}`;
      await report.check(`${tag} fits 360 and 1280 px, has no accessibility violation, loads nothing`, async () => {
        const page = await browser.page({ language, theme });
        await page.goto(await made([...args, '--lang', language]));
        equal(await page.getAttribute('html', 'lang'), language, 'lang');
        await page.evaluate(() => document.querySelectorAll('details').forEach((each) => (each.open = true)));
        await accessible(page, tag);
        await noSideways(page, tag);
        await browser.shoot(page, `owner-${name}-${chassis}-${language}-${theme}`);
        await page.setViewportSize({ width: 360, height: 740 });
        await noSideways(page, `${tag} at 360 px`);
        await browser.shoot(page, `owner-${name}-${chassis}-${language}-${theme}-360`);
        expect((await page.locator(`svg.drawing use[href^="#d-${drawn}"]`).count()) > 0, `no ${drawn} is drawn`);
        expect(!(await page.locator('script, img, link, iframe').count()), 'something is loaded or run');
        await page.context().close();
      });
    }
  }
}

async function behaviour(report, browser, { found, made }) {
  const page = await browser.page({});
  await report.check('the guide can be read by keyboard: its answers are links in the closed list', async () => {
    await page.goto(await made(['guide', found.fingerprint, '--lang', 'en']));
    const hrefs = await page.locator('a').evaluateAll((all) => all.map((each) => each.getAttribute('href')));
    const allowed = /^(hale:(help|quiet|pause|uploads|erase|feedback\/[0-9a-f]{16}\/(did_it|not_a_problem|later|book))|#service|https:\/\/support\.lenovo\.com)$/;
    equal(hrefs.filter((href) => !allowed.test(href)), [], 'links beyond the closed list');
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.textContent === 'I did it')) return;
    }
    throw new Error('Tab never comes to "I did it"');
  });
  await report.check('the pictures can be held still, and stand still on paper', async () => {
    const moving = () => page.locator('.steps [class^="an-"]').evaluateAll((all) => all.filter((each) => getComputedStyle(each).animationName !== 'none' && getComputedStyle(each).animationPlayState === 'running').length);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect((await moving()) > 0, 'nothing moves at first');
    await page.check('#still', { force: true });
    equal(await moving(), 0, 'moving parts after holding');
    await page.uncheck('#still', { force: true });
    await page.emulateMedia({ media: 'print', reducedMotion: 'no-preference' });
    equal(await moving(), 0, 'moving parts on paper');
    equal(await page.locator('.actions').first().isVisible(), false, 'buttons on paper');
    await page.emulateMedia({ media: 'screen', reducedMotion: 'reduce' });
    equal(await moving(), 0, 'moving parts for who wants none');
  });
  await report.check('the report links to the guide beside it, and what firmware says stays text', async () => {
    await page.goto(await made(['report', '--lang', 'en']));
    const html = await readFile(new URL(page.url()), 'utf8');
    expect(!html.includes('<script>alert'), 'a model became markup');
    await page.click(`a[href="guide-${found.fingerprint}.html"]`);
    await page.waitForSelector('.steps');
  });
  await page.context().close();
}
