import { accessible, noSideways, settled, visit } from '../lib/browser.mjs';
import { equal, eventually, expect } from '../lib/report.mjs';

export async function looks(report, { browser, fleet, main }) {
  const pages = { overview: '#/', devices: '#/devices', device: `#/devices/${main.id}`, 'no-match': '#/devices?search=nothing', tokens: '#/tokens', users: '#/users', missing: '#/missing' };

  for (const [language, theme] of [['en', 'light'], ['en', 'dark'], ['zh-CN', 'light'], ['zh-CN', 'dark']]) {
    const tag = `${language}-${theme}`;
    const page = await browser.page({ language, theme });
    await page.goto(fleet.base);
    await report.check(`the login page in ${tag} has no accessibility violation`, async () => {
      await page.waitForSelector('input[name=username]');
      await browser.shoot(page, `login-${tag}`);
      await accessible(page, 'login');
    });
    await page.fill('input[name=username]', fleet.admin.name);
    await page.fill('input[name=password]', fleet.admin.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('#main h1');
    for (const [name, hash] of Object.entries(pages)) {
      await report.check(`${name} in ${tag} has no accessibility violation`, async () => {
        await visit(page, hash);
        equal(await page.getAttribute('html', 'lang'), language, 'lang');
        await browser.shoot(page, `${name}-${tag}`);
        await accessible(page, name);
      });
    }
    await page.context().close();
  }
  await narrow(report, { browser, fleet, pages });
  await wide(report, { browser, fleet, pages });
  await preferences(report, { browser, fleet });
}

async function narrow(report, { browser, fleet, pages }) {
  for (const language of ['en', 'zh-CN']) {
    const page = await browser.signedIn(fleet.admin, { language, width: 320, height: 640 });
    for (const [name, hash] of Object.entries(pages)) {
      await report.check(`${name} fits 320 px in ${language}`, async () => {
        await visit(page, hash);
        await browser.shoot(page, `${name}-${language}-320px`);
        await noSideways(page, name);
      });
    }
    await report.check(`the menu opens and closes on a narrow screen in ${language}`, async () => {
      await page.click('.toggle');
      await page.waitForSelector('nav a[href="#/devices"]', { state: 'visible' });
      await noSideways(page, 'the open menu');
      await accessible(page, 'the open menu');
      await browser.shoot(page, `menu-${language}-320px`);
      await page.click('nav a[href="#/devices"]');
      await page.waitForSelector('nav a[href="#/devices"]', { state: 'hidden' });
    });
    await page.context().close();
  }
}

async function wide(report, { browser, fleet, pages }) {
  const page = await browser.signedIn(fleet.admin, { width: 3840, height: 2160 });
  await report.check('a 4K screen shows larger type, not a small page in a corner', async () => {
    await visit(page, pages.device);
    await browser.shoot(page, 'device-en-4k');
    expect((await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize))) > 20, 'small type');
    await noSideways(page, 'device');
  });
  await page.context().close();
}

async function preferences(report, { browser, fleet }) {
  const page = await browser.signedIn(fleet.admin);
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await report.check('the language changes at once and is remembered', async () => {
    await page.selectOption('.preferences label:nth-child(1) select', 'zh-CN');
    await page.waitForSelector('h1:has-text("总览")');
    equal(await page.getAttribute('html', 'lang'), 'zh-CN', 'lang');
    await page.reload();
    await page.waitForSelector('h1:has-text("总览")');
  });
  await report.check('the theme changes at once, is remembered and repaints charts', async () => {
    const light = await background();
    await page.selectOption('.preferences label:nth-child(2) select', 'dark');
    await eventually(async () => (await background()) !== light, 'another background');
    await page.reload();
    await settled(page);
    expect((await background()) !== light, 'light again after a reload');
  });
  await report.check('"as the system" follows the system while the page is open', async () => {
    await page.selectOption('.preferences label:nth-child(2) select', 'auto');
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await eventually(async () => (await background()) !== light, 'another background');
  });
  await page.context().close();
}
