/** Chromium with a profile of its own, and what every suite does with a page. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

import { expect } from './report.mjs';

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export class Browser {
  /** What pages complained of and where they went, over all tests: must stay empty. */
  complaints = [];
  foreign = [];
  #browser;
  #base;
  #shots;

  static async start(base, shots, program) {
    const one = new Browser();
    one.#browser = await chromium.launch({ executablePath: program, args: quiet });
    one.#base = base;
    one.#shots = shots;
    return one;
  }

  /** A page in a context of its own: no cookies or preferences of another. */
  async page({ language = 'en', theme = 'light', width = 1280, height = 800 } = {}) {
    const context = await this.#browser.newContext({
      locale: language, colorScheme: theme, viewport: { width, height }, ignoreHTTPSErrors: true, timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // A refused request is part of the tests (a wrong password); anything else is not.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && origin !== this.#base) this.foreign.push(request.url());
    });
    return page;
  }

  async signedIn(user, options) {
    const page = await this.page(options);
    await page.goto(this.#base);
    await signIn(page, user);
    return page;
  }

  async shoot(page, name) {
    if (this.#shots) await page.screenshot({ path: join(this.#shots, `${name}.png`), fullPage: true });
  }

  close() {
    return this.#browser.close();
  }
}

export async function signIn(page, user) {
  await page.fill('input[name=username]', user.name);
  await page.fill('input[name=password]', user.password);
  await page.click('button[type=submit]');
  await page.waitForSelector('#main h1');
}

export async function visit(page, hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForSelector('#main :is(h1, .empty, .problem)');
  await settled(page);
}

/** Nothing is loading any more and charts are drawn. */
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector('.loading') && !document.querySelector('[aria-busy=true]'));
  await page.waitForFunction(() => [...document.querySelectorAll('.plot[role=img]')].every((plot) => plot.querySelector('canvas')));
}

export async function accessible(page, where) {
  // Evaluated by the debugger, which the page's own Content-Security-Policy does not bind.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const words = violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join(' | ')}`);
  expect(words.length === 0, `${where}: ${words.join('\n')}`);
}

export async function noSideways(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over <= 0, `${where} is ${over} px too wide`);
}

/** How many pixels of a canvas are painted. */
export function paintedPixels(canvas) {
  return canvas.evaluate((element) => {
    const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) painted++;
    return painted;
  });
}
