import { signIn, visit } from '../lib/browser.mjs';
import { equal, eventually, expect } from '../lib/report.mjs';
import { TestDevice } from '../lib/device.mjs';

export async function administration(report, { browser, fleet, folder }) {
  const page = await browser.signedIn(fleet.admin);

  await report.check('a token is made, shown once with the command to run, and enrols a PC', async () => {
    await visit(page, '#/tokens');
    await page.fill('input[name=note]', 'Browser test');
    await page.fill('input[name=uses]', '2');
    await page.click('form button[type=submit]');
    await page.waitForSelector('.made');
    const codes = await page.$$eval('.made code', (all) => all.map((one) => one.textContent));
    const text = codes.find((code) => code.startsWith('hale1.'));
    expect(text, `no token in: ${codes}`);
    equal(codes[0], `echo '${text}' | sudo hale enroll ${fleet.deviceBase} --token-file -`, 'the command');
    await browser.shoot(page, 'token-made-en-light');
    await TestDevice.enrol(fleet.deviceBase, text, folder, 'by-token');
    await page.click('button:has-text("Done")');
    await visit(page, '#/devices');
    await visit(page, '#/tokens');
    await page.waitForSelector('tr:has-text("Browser test"):has-text("1 of 2")');
    expect(!(await page.content()).includes(text), 'the secret is shown again');
  });
  await report.check('a number out of range is refused in words', async () => {
    await page.fill('input[name=days]', '0');
    await page.click('form button[type=submit]');
    await page.waitForSelector('[role=alert]:has-text("whole number of days")');
    await page.fill('input[name=days]', '7');
  });
  await report.check('a token is revoked after asking', async () => {
    await page.click('tr:has-text("Browser test") button');
    await page.click('dialog button:has-text("Cancel")');
    await page.waitForSelector('tr:has-text("Browser test"):has-text("Usable")');
    await page.click('tr:has-text("Browser test") button');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('tr:has-text("Browser test"):has-text("Revoked")');
  });
  await report.check('a user is added, and can sign in', async () => {
    await visit(page, '#/users');
    await page.fill('input[name=new-name]', 'li.wei');
    await page.fill('input[name=new-password]', 'a long enough one');
    await page.selectOption('select[name=new-role]', 'viewer');
    await page.click('form button[type=submit]');
    await page.waitForSelector('tr[data-user="li.wei"]');
    const other = await browser.signedIn({ name: 'li.wei', password: 'a long enough one' });
    await other.context().close();
  });
  await report.check('a name that is taken is refused in words', async () => {
    await page.fill('input[name=new-name]', 'li.wei');
    await page.fill('input[name=new-password]', 'a long enough one');
    await page.click('form button[type=submit]');
    await page.waitForSelector('.problem');
  });
  await report.check('a new password replaces the old one', async () => {
    await page.click('tr[data-user="li.wei"] button:has-text("Change password")');
    await page.fill('dialog input', 'another long enough one');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('[role=status]:has-text("changed")');
    const other = await browser.page();
    await other.goto(fleet.base);
    await signIn(other, { name: 'li.wei', password: 'another long enough one' });
    await other.context().close();
  });
  await report.check('a user is removed after asking, and their open page signs out by itself', async () => {
    const other = await browser.signedIn({ name: 'li.wei', password: 'another long enough one' });
    await page.click('tr[data-user="li.wei"] button.danger');
    await page.click('dialog button[type=submit]');
    await eventually(async () => !(await page.$('tr[data-user="li.wei"]')), 'the row going');
    await other.waitForSelector('form :has-text("session ended")', { timeout: 20_000 });
    await other.context().close();
  });
  await report.check('nobody removes or demotes themselves here', async () => {
    equal(await page.$$eval(`tr[data-user="${fleet.admin.name}"] :is(select, .danger)`, (all) => all.length), 0, 'controls in the own row');
  });
  await page.context().close();
}

export async function roles(report, { browser, fleet, viewer, main, spare }) {
  const page = await browser.signedIn(viewer);
  await report.check('a viewer sees devices and findings, but nothing to administer', async () => {
    equal(await page.$$eval('nav[aria-label=Main] a', (links) => links.map((link) => link.textContent.trim())), ['Overview', 'Devices'], 'navigation');
    await visit(page, `#/devices/${main.id}`);
    await page.waitForSelector('article.critical');
    equal(await page.$$eval('button.danger', (all) => all.length), 0, 'buttons that change something');
  });
  await report.check('an address typed by a viewer is answered with whom to ask', async () => {
    for (const hash of ['#/tokens', '#/users']) {
      await visit(page, hash);
      await page.waitForSelector('.problem:has-text("role does not allow")');
    }
  });
  await report.check('the server refuses a viewer what the page hides', async () => {
    const refused = await page.request.post(`${fleet.base}/api/v1/devices/${main.id}/revoke`, { headers: { 'X-Hale-Request': '1' }, data: { reason: 'x' } });
    equal(refused.status(), 403, 'status');
  });
  await page.context().close();

  const admin = await browser.signedIn(fleet.admin);
  await report.check('an administrator revokes a device, with a reason', async () => {
    await visit(admin, `#/devices/${spare.id}`);
    await admin.click('button:has-text("Revoke device")');
    await admin.click('dialog button[type=submit]');
    await admin.waitForSelector('dialog [role=alert]');
    await admin.fill('dialog input', 'lost on a train');
    await admin.click('dialog button[type=submit]');
    await admin.waitForSelector('.page-head .badge.revoked');
    await admin.waitForSelector('section:has(#timeline-title) li:has-text("Revoked")');
  });
  await report.check('a revoked device can no longer upload', async () => {
    const answer = await spare.upload([]).then(() => 'accepted', (error) => String(error));
    expect(/401|handshake|alert|socket|ECONN/i.test(answer), answer);
  });
  await admin.context().close();
}
