import { paintedPixels, settled, visit } from '../lib/browser.mjs';
import { equal, eventually, expect } from '../lib/report.mjs';

export async function device(report, { browser, fleet, main }) {
  const page = await browser.signedIn(fleet.admin);
  await visit(page, `#/devices/${main.id}`);

  await report.check('the device page names model, system and firmware', async () => {
    const facts = await page.textContent('dl.facts');
    for (const word of ['Lenovo ThinkPad T14', 'Debian GNU/Linux 12', 'N3QET45W', main.id]) expect(facts.includes(word), `"${word}" is missing in: ${facts}`);
  });
  await report.check('temperature, fan and disk are drawn', async () => {
    for (const title of ['Temperature', 'Fan speed', 'Endurance used']) {
      const canvas = await page.waitForSelector(`.card:has(h3:text-is("${title}")) canvas`);
      const painted = await eventually(() => paintedPixels(canvas), `${title} being painted`);
      expect(painted > 300, `${title}: only ${painted} pixels`);
    }
  });
  await report.check('charts say latest, least and most with their unit', async () => {
    const legend = await page.textContent('.card:has(h3:text-is("Temperature")) .legend');
    expect(/Intel Core i7-1365U\s*\d+(\.\d)?\s°C/.test(legend), legend);
    expect(/rpm/.test(await page.textContent('.card:has(h3:text-is("Fan speed")) .legend')), 'no rpm');
  });
  await report.check('the cursor over a chart tells the value of that instant', async () => {
    await page.hover('.card:has(h3:text-is("Temperature")) .plot', { position: { x: 200, y: 60 } });
    const head = () => page.textContent('.card:has(h3:text-is("Temperature")) .legend thead');
    await eventually(async () => !(await head()).includes('latest'), 'the time under the cursor');
  });
  await report.check('another time range is asked of the server', async () => {
    const asked = page.waitForRequest((request) => request.url().includes('/telemetry') && request.url().includes('hw.temperature'));
    await page.check('input[name=range][value=d7]', { force: true });
    const query = new URL((await asked).url()).searchParams;
    const hours = (Date.parse(query.get('to')) - Date.parse(query.get('from'))) / 3600_000;
    equal(Math.round(hours), 7 * 24, 'hours asked for');
    await settled(page);
  });
  await report.check('an active finding shows its words, numbers and picture', async () => {
    const card = page.locator('article').first();
    const text = await card.textContent();
    for (const word of ['Act now', 'Failing disk', '37 sectors', '87%', '88.4', '4,310', '6 days']) expect(text.includes(word), `"${word}" is missing in: ${text}`);
    const painted = await eventually(async () => paintedPixels(await card.locator('canvas').elementHandle()), 'the evidence being painted');
    expect(painted > 300, `only ${painted} pixels`);
  });
  await report.check('past findings are a choice away', async () => {
    await page.check('input[name=state][value=resolved]', { force: true });
    await page.waitForSelector('article:has-text("Dust in the cooling") .resolved');
    await page.check('input[name=state][value=active]', { force: true });
    await page.waitForSelector('article.critical');
  });
  await report.check('the timeline tells findings, messages, answers and effects', async () => {
    const text = await page.textContent('section:has(#timeline-title)');
    for (const word of ['Failing disk', 'Message shown to the user', 'Later', 'Improved', 'before 91.2, after 78.4', 'Enrolled']) expect(text.includes(word), `"${word}" is missing in: ${text}`);
  });
  await report.check('components are listed with maker, model and firmware', async () => {
    const row = await page.textContent('.table tr:has-text("Samsung SSD 980 PRO 1TB")');
    for (const word of ['Disk', 'MZVL21T0HCLR', 'GXA7801Q']) expect(row.includes(word), `"${word}" is missing in: ${row}`);
  });
  await report.check('sensors that work, are absent or lack say so, with what was rejected', async () => {
    const text = await page.textContent('section:has(#status-title)');
    for (const word of ['Temperature', 'Working', '51,840', 'Not present', 'memory.errors', 'no error counters']) expect(text.includes(word), `"${word}" is missing in: ${text}`);
  });
  await report.check('an unknown device is said to be unknown', async () => {
    await visit(page, '#/devices/00000000-0000-4000-8000-000000000000');
    await page.waitForSelector('.problem:has-text("not known to the fleet")');
  });
  await page.context().close();
}
