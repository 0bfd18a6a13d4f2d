import { settled, visit } from '../lib/browser.mjs';
import { equal, eventually, expect } from '../lib/report.mjs';

const names = (page) => page.$$eval('tbody tr td.primary-cell a', (links) => links.map((link) => link.textContent));

async function shows(page, wanted, what) {
  await eventually(async () => JSON.stringify(await names(page)) === JSON.stringify(wanted), `${what}: ${wanted}; shown: ${await names(page)}`);
}

export async function devices(report, { browser, fleet, main, total }) {
  const page = await browser.signedIn(fleet.admin);

  await report.check('the overview counts the devices by health and leads to each', async () => {
    await settled(page);
    equal((await page.textContent('.strip a.critical .count')).trim(), '1', 'act now');
    equal((await page.textContent('.strip a.warning .count')).trim(), '1', 'please plan');
    equal((await page.textContent('.strip a.info .count')).trim(), '1', 'good to know');
    await page.click('.strip a.critical');
    await shows(page, ['sz-lab-01'], 'act now');
  });
  await report.check('the overview lists what needs attention, the worst first', async () => {
    await visit(page, '#/');
    const badges = await page.$$eval('section li .badge', (all) => all.map((one) => one.textContent.trim()));
    equal(badges.slice(0, 2), ['Act now', 'Please plan'], 'badges');
  });
  await report.check('the worst device is the first in the list', async () => {
    await visit(page, '#/devices?limit=25');
    equal((await names(page))[0], 'sz-lab-01', 'first row');
    equal((await names(page)).length, 25, 'rows');
  });
  await report.check('the list is paged by the server', async () => {
    const first = await names(page);
    await page.click('button[aria-label="Next page"]');
    await eventually(async () => (await names(page)).length === total - 25, 'the second page');
    const second = await names(page);
    expect(second.every((name) => !first.includes(name)), 'a device is on both pages');
    expect(await page.isDisabled('button[aria-label="Next page"]'), 'there is a page after the last');
    await page.click('button[aria-label="Previous page"]');
    await eventually(async () => (await names(page)).length === 25, 'the first page');
  });
  await report.check('search finds part of a name, whatever its case, and stays in the address', async () => {
    await page.fill('input[type=search]', 'SZ-LAB-0');
    await shows(page, ['sz-lab-01', 'sz-lab-02', 'sz-lab-03'], 'search');
    expect(page.url().includes('search=SZ-LAB-0'), page.url());
    await page.reload();
    await page.waitForSelector('tbody');
    await shows(page, ['sz-lab-01', 'sz-lab-02', 'sz-lab-03'], 'after a reload');
  });
  await report.check('search finds Chinese names', async () => {
    await page.fill('input[type=search]', '财务');
    await shows(page, ['财务部-04'], 'search');
  });
  await report.check('a search without result says what to do, and one button undoes it', async () => {
    await page.fill('input[type=search]', 'no such device');
    await page.waitForSelector('.empty:has-text("No device matches")');
    await page.click('.empty button');
    await page.waitForSelector('tbody tr');
    equal(await page.inputValue('input[type=search]'), '', 'the search field');
  });
  await report.check('the health filter asks the server', async () => {
    await page.selectOption('select[name=health]', 'warning');
    await shows(page, ['sz-lab-02'], 'please plan');
    await page.selectOption('select[name=health]', 'silent');
    await page.waitForSelector('.empty');
    await page.selectOption('select[name=health]', '');
    await page.waitForSelector('tbody tr');
  });
  await report.check('a column head sorts, and sorts the other way when asked again', async () => {
    await page.fill('input[type=search]', 'sz-lab');
    await page.click('th button:has-text("Device")');
    await shows(page, ['sz-lab-01', 'sz-lab-02', 'sz-lab-03'], 'ascending');
    equal(await page.getAttribute('th:has-text("Device")', 'aria-sort'), 'ascending', 'aria-sort');
    await page.click('th button:has-text("Device")');
    await shows(page, ['sz-lab-03', 'sz-lab-02', 'sz-lab-01'], 'descending');
  });
  await report.check('the keyboard alone searches, walks the rows and opens a device', async () => {
    await visit(page, '#/devices');
    await page.focus('th button');
    await page.keyboard.press('/');
    await page.keyboard.type('sz-lab');
    await shows(page, ['sz-lab-01', 'sz-lab-02', 'sz-lab-03'], 'typed');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    equal(await page.evaluate(() => document.activeElement.textContent), 'sz-lab-01', 'focused row');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:has-text("sz-lab-01")');
    expect(page.url().endsWith(main.id), page.url());
  });
  await page.context().close();
}
