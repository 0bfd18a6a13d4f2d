import { signIn } from '../lib/browser.mjs';
import { equal, expect } from '../lib/report.mjs';

export async function session(report, { browser, fleet }) {
  const page = await browser.page();
  await page.goto(fleet.base);

  await report.check('the login page asks for both fields', async () => {
    await page.click('button[type=submit]');
    expect((await page.textContent('[role=alert]')).includes('both fields'), 'no word about the empty fields');
  });
  await report.check('a wrong password is refused in words, and stays out', async () => {
    await page.fill('input[name=username]', fleet.admin.name);
    await page.fill('input[name=password]', 'certainly wrong');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert]:has-text("wrong")');
    equal(await page.inputValue('input[name=password]'), '', 'the password field');
    expect(!(await page.$('#main')), 'the console is shown');
  });
  await report.check('the right password leads to the overview', async () => {
    await signIn(page, fleet.admin);
    equal(await page.textContent('h1'), 'Overview', 'the heading');
  });
  await report.check('the session outlives a reload', async () => {
    await page.reload();
    await page.waitForSelector('#main h1');
  });
  await report.check('the server forbids inline code and foreign content', async () => {
    const answer = await page.request.get(fleet.base);
    const policy = answer.headers()['content-security-policy'] ?? '';
    expect(/default-src '(self|none)'/.test(policy), `Content-Security-Policy: ${policy}`);
    expect(!/unsafe-inline|unsafe-eval/.test(policy), `the policy is loose: ${policy}`);
  });
  await report.check('a session that ends elsewhere leads back to the login page, which says so', async () => {
    await page.context().clearCookies();
    await page.click('nav a[href="#/devices"]');
    await page.waitForSelector('form :has-text("session ended")');
  });
  await report.check('after signing in again the page that was wanted is shown', async () => {
    await signIn(page, fleet.admin);
    equal(await page.textContent('h1'), 'Devices', 'the heading');
  });
  await report.check('signing out ends the session on the server too', async () => {
    await page.click('button[aria-label="Sign out"]');
    await page.waitForSelector('input[name=username]');
    equal((await page.request.get(`${fleet.base}/api/v1/me`)).status(), 401, 'GET me');
    await page.reload();
    await page.waitForSelector('input[name=username]');
  });
  await page.context().close();
}
