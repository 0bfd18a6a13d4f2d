import { expect, equal, eventually } from '../lib/report.mjs';

const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const after = getComputedStyle(element, '::after');
    const beside = element.nextElementSibling ? getComputedStyle(element.nextElementSibling) : style;
    const ringed = [style, after, beside].some((one) => one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) > 0);
    return { tag: element.tagName, text: (element.textContent || element.name || '').trim().slice(0, 40), ringed };
  });

export async function keyboard(report, { browser, fleet }) {
  const page = await browser.page();
  await page.goto(fleet.base);
  await page.waitForSelector('input[name=username]');

  await report.check('signing in needs no mouse', async () => {
    await page.keyboard.press('Tab');
    await page.keyboard.type(fleet.admin.name);
    await page.keyboard.press('Tab');
    await page.keyboard.type(fleet.admin.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#main h1');
  });
  await report.check('the first stop skips the navigation', async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press('Tab');
    equal((await focused(page)).text, 'Skip to content', 'first stop');
    await page.keyboard.press('Enter');
    equal(await page.evaluate(() => document.activeElement.id), 'main', 'focus');
  });
  await report.check('every stop of the device list can be seen', async () => {
    await page.goto(`${fleet.base}/#/devices?search=sz-lab`);
    await page.waitForSelector('tbody tr');
    await page.evaluate(() => document.activeElement?.blur());
    const stops = [];
    for (let i = 0; i < 24; i++) {
      await page.keyboard.press('Tab');
      stops.push(await focused(page));
    }
    const hidden = stops.filter((stop) => stop.tag !== 'BODY' && !stop.ringed);
    expect(hidden.length === 0, `no focus ring on: ${JSON.stringify(hidden)}`);
    for (const text of ['Overview', 'Devices', 'sz-lab-01']) expect(stops.some((stop) => stop.text.startsWith(text)), `"${text}" is never reached: ${JSON.stringify(stops)}`);
  });
  await report.check('a dialog takes the focus, and Escape closes it', async () => {
    await page.goto(`${fleet.base}/#/users`);
    const other = page.locator('tbody tr').filter({ hasNotText: 'you' }).first().locator('button.danger');
    await other.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    expect(await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)), 'the focus is outside');
    await page.keyboard.press('Escape');
    await eventually(async () => !(await page.$('dialog')), 'the dialog going');
  });
  await page.context().close();
}
