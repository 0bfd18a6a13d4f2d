import { visit } from '../lib/browser.mjs';
import { finding } from '../lib/data.mjs';
import { equal } from '../lib/report.mjs';

export async function live(report, { browser, fleet, quiet }) {
  const list = await browser.signedIn(fleet.admin);
  const detail = await browser.signedIn(fleet.admin);
  await visit(list, '#/devices?search=bj-office-05');
  await visit(detail, `#/devices/${quiet.id}`);
  for (const page of [list, detail]) await page.evaluate(() => (window.notReloaded = true));

  await report.check('a healthy device has no active finding', async () => {
    await list.waitForSelector(`tr[data-device="${quiet.id}"] .badge.healthy`);
    await detail.waitForSelector('.empty:has-text("No active finding")');
  });
  await report.check('a new finding changes the list without a reload, tints the row and is said to screen readers', async () => {
    await quiet.upload([finding('warning', { daysAgo: 0 })]);
    await list.waitForSelector(`tr[data-device="${quiet.id}"].changed .badge.warning`);
    await list.waitForSelector('[role=status]:has-text("bj-office-05: Please plan")', { state: 'attached' });
    equal(await list.evaluate(() => window.notReloaded), true, 'the page was not reloaded');
  });
  await report.check('the device page shows the new finding and the timeline entry without a reload', async () => {
    await detail.waitForSelector('article.warning:has-text("Worn fan")');
    await detail.waitForSelector('section:has(#timeline-title) li:has-text("Worn fan")');
    await detail.waitForSelector('.page-head .badge.warning');
    equal(await detail.evaluate(() => window.notReloaded), true, 'the page was not reloaded');
  });
  await report.check('when it is resolved, both pages say so by themselves', async () => {
    await quiet.upload([finding('warning', { state: 'resolved', daysAgo: 0, time: Date.now() + 2000 })]);
    await list.waitForSelector(`tr[data-device="${quiet.id}"] .badge.healthy`);
    await detail.waitForSelector('.empty:has-text("No active finding")');
  });
  await report.check('while the server is away the pages say so and keep what they know', async () => {
    equal(await fleet.stop(), 0, 'exit code of hale-fleet');
    await list.waitForSelector('.live.off:has-text("Reconnecting")');
    await list.waitForSelector(`tr[data-device="${quiet.id}"] .badge.healthy`);
  });
  await report.check('when it is back they reconnect, catch up and need no reload', async () => {
    await fleet.start();
    await quiet.upload([finding('info', { daysAgo: 0, time: Date.now() + 4000 })]);
    await list.waitForSelector('.live:not(.off):has-text("Live")', { timeout: 20_000 });
    await list.waitForSelector(`tr[data-device="${quiet.id}"] .badge.info`, { timeout: 20_000 });
    await detail.waitForSelector('article.info:has-text("Dust in the cooling")', { timeout: 20_000 });
    equal(await list.evaluate(() => window.notReloaded), true, 'the page was not reloaded');
  });
  await list.context().close();
  await detail.context().close();
}
