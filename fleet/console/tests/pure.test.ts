import { describe, expect, it } from 'vitest';

import { buildUrl, kindOf, type Series } from '../src/lib/api';
import { readCollectors, readInsufficient } from '../src/lib/agent-status';
import { apiQuery, readQuery, writeQuery } from '../src/lib/device-query';
import { evidenceName, readFacts, readPlots } from '../src/lib/evidence';
import { badgesOf } from '../src/lib/health';
import { chooseLanguage } from '../src/lib/i18n.svelte';
import { planCharts, spanOf } from '../src/lib/measurements';
import { parseRoute } from '../src/lib/router.svelte';
import { addressIn } from '../src/lib/token';
import { en } from '../src/texts/en';
import { zhCN } from '../src/texts/zh-CN';

const now = Date.parse('2026-11-23T08:00:00Z');

describe('address', () => {
  it('names every page', () => {
    expect(parseRoute('')).toEqual({ page: 'overview' });
    expect(parseRoute('#/devices/abc')).toEqual({ page: 'device', id: 'abc' });
    expect(parseRoute('#/tokens')).toEqual({ page: 'tokens' });
    expect(parseRoute('#/devices/a/b')).toEqual({ page: 'missing' });
    expect(parseRoute('#/nonsense')).toEqual({ page: 'missing' });
  });
  it('survives broken escapes', () => expect(parseRoute('#/devices/%E0%A4%A')).toEqual({ page: 'device', id: '%E0%A4%A' }));
  it('keeps the device list as it was left, and ignores nonsense', () => {
    const query = readQuery(new URLSearchParams('search=x&health=silent&sort=name&page=3&limit=25'));
    expect(query).toEqual({ search: 'x', health: 'silent', sort: 'name', order: 'asc', page: 3, limit: 25 });
    expect(readQuery(new URLSearchParams(writeQuery(query)))).toEqual(query);
    expect(readQuery(new URLSearchParams('health=sick&sort=shoe&page=-1&limit=9999'))).toEqual(readQuery(new URLSearchParams()));
  });
});

describe('request', () => {
  it('fills the path and joins lists', () => {
    expect(buildUrl('/d/{id}/x', { id: 'a/b' }, { health: ['ok', 'info'], search: '', page: 2, silent: false })).toBe('/d/a%2Fb/x?health=ok%2Cinfo&page=2&silent=false');
  });
  it('asks for silent devices among those that are not revoked', () => {
    const asked = apiQuery(readQuery(new URLSearchParams('health=silent')));
    expect(asked).toMatchObject({ silent: true, status: ['active', 'cloned'] });
    expect(asked.health).toBeUndefined();
  });
  it('tells what the user can do from the status', () => {
    expect([401, 403, 404, 409, 422, 429, 503, 500].map(kindOf)).toEqual(['session', 'forbidden', 'missing', 'conflict', 'invalid', 'busy', 'busy', 'server']);
  });
});

describe('badges', () => {
  const seen = (daysAgo: number) => new Date(now - daysAgo * 86_400_000).toISOString();
  it('still say what was wrong while a device is silent', () => {
    expect(badgesOf({ health: 'warning', status: 'active', last_seen: seen(5) }, now)).toEqual(['silent', 'warning']);
    expect(badgesOf({ health: 'ok', status: 'active', last_seen: seen(5) }, now)).toEqual(['silent']);
  });
  it('call a device healthy only while it is heard', () => expect(badgesOf({ health: 'ok', status: 'active', last_seen: seen(1) }, now)).toEqual(['healthy']));
  it('do not call a device that never reported silent', () => expect(badgesOf({ health: 'unknown', status: 'active' }, now)).toEqual(['waiting']));
});

describe('charts', () => {
  const series = (metric: string, component: string, key = '', to = '2026-11-23T07:55:00Z'): Series => ({ metric, component, key, unit: '', from: '2026-01-01T00:00:00Z', to });
  it('come temperature first, one for all components, without limits and undecoded values', () => {
    const plans = planCharts([series('hw.fan.speed', 'fan1'), series('hw.temperature', 'cpu'), series('hw.temperature', 'gpu'), series('hw.temperature.limit', 'cpu', 'critical'), series('hw.physical_disk.smart', 'disk0', '5.raw48')]);
    expect(plans.map((plan) => [plan.metric, plan.lines.length])).toEqual([
      ['hw.temperature', 2],
      ['hw.fan.speed', 1],
    ]);
  });
  it('are split where too many lines would meet', () => {
    const plans = planCharts(Array.from({ length: 8 }, (_, i) => series('hw.temperature', `t${i}`)));
    expect(plans.map((plan) => plan.lines.length)).toEqual([6, 2]);
    expect(new Set(plans.map((plan) => plan.id)).size).toBe(2);
  });
  it('show the processor first and leave no other measurement behind a crowd of sensors', () => {
    const crowd = Array.from({ length: 14 }, (_, i) => series('hw.temperature', `board${i}`));
    const plans = planCharts([...crowd, series('hw.temperature', 'cpu'), series('hw.fan.speed', 'fan1')]);
    expect(plans.map((plan) => plan.metric)).toEqual(['hw.temperature', 'hw.fan.speed', 'hw.temperature', 'hw.temperature']);
    expect(plans[0]!.lines[0]!.component).toBe('cpu');
  });
  it('end now, or with the data where it ended long ago', () => {
    expect(spanOf('h24', [series('m', 'c')], now)).toMatchObject({ to: now, moved: false });
    const old = spanOf('h24', [series('m', 'c', '', '2024-05-01T00:00:00Z')], now);
    expect(old).toMatchObject({ to: Date.parse('2024-05-01T00:00:00Z'), moved: true });
    expect(spanOf('d7', [], now)).toMatchObject({ to: now, moved: false });
  });
});

describe('evidence', () => {
  it('is read as the device wrote it, without what is malformed', () => {
    const plots = readPlots({ plots: [{ metric: 'hw.temperature', component: 'cpu', unit: 'Cel', points: [[20, 2], [10, 1], ['x', 3]] as [number, number][] }, { metric: 'm' }] });
    expect(plots).toHaveLength(1);
    expect(plots[0]).toMatchObject({ time: [10, 20], values: [1, 2] });
  });
  it('shows numbers with their unit and words as they are', () => {
    const facts = readFacts({ facts: { temperature: { value: 88.4, unit: 'Cel' }, health: { value: 0.58, unit: '1' }, odd_word: { value: 'failed', unit: '' } } }, 'battery.worn', en, 'en');
    expect(facts).toEqual([
      { name: 'Temperature', text: '88.4\u00a0°C' },
      { name: 'Capacity left', text: '58%' },
      { name: 'Odd word', text: 'failed' },
    ]);
  });
  it('is called as the agent calls it, by the rule’s own name where it has one', () => {
    expect(evidenceName('disk.reallocated', 'hw.physical_disk.smart', en)).toBe('Places replaced by spare ones');
    expect(evidenceName('disk.unknown', 'hw.physical_disk.smart', en)).toBe('Disk health value (SMART)');
    expect(evidenceName('battery.worn', 'health', zhCN)).toBe('剩余容量比例');
    expect(evidenceName('battery.worn', 'percentage_used', en)).toBe('Rated life used');
  });
});

it('takes from a status what is well formed', () => {
  const status = { collectors: [{ name: 'fan', status: 'ok', readings: 5 }, { name: 'x', status: 'weird' }, null, 'y'], coverage: [{ rule: 'a', status: 'ok' }, { rule: 'b', status: 'insufficient', reason: 'no fan' }] };
  expect(readCollectors(status)).toEqual([{ name: 'fan', status: 'ok', readings: 5, rejected: undefined }]);
  expect(readInsufficient(status)).toEqual([{ rule: 'b', reason: 'no fan' }]);
  expect(readCollectors({})).toEqual([]);
});

describe('enrolment token', () => {
  const token = (value: unknown) => `hale1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  it('tells its address', () => expect(addressIn(token({ u: 'https://fleet:8443', f: 'ab', s: 'x' }))).toBe('https://fleet:8443'));
  it('is refused when it is something else', () => {
    expect(addressIn('hale1.%%%')).toBeUndefined();
    expect(addressIn(token({ u: 'javascript:alert(1)' }))).toBeUndefined();
    expect(addressIn('other')).toBeUndefined();
  });
});

describe('languages', () => {
  it('follow the browser', () => {
    expect(chooseLanguage(['zh-TW', 'en'])).toBe('zh-CN');
    expect(chooseLanguage(['fr', 'en-GB', 'zh'])).toBe('en');
    expect(chooseLanguage(['fr'])).toBe('en');
  });
  const leaves = (texts: object, path = ''): [string, unknown][] =>
    Object.entries(texts).flatMap(([key, value]) => (typeof value === 'object' && value !== null ? leaves(value as object, `${path}${key}.`) : [[path + key, value] as [string, unknown]]));
  it('have no text that was left in the other language', () => {
    const english = new Map(leaves(en));
    const same = leaves(zhCN).filter(([key, value]) => typeof value === 'string' && value === english.get(key) && /[a-z]{3}/i.test(value));
    expect(same.map(([key]) => key).sort()).toEqual(['brand', 'tokens.commandLinux']);
  });
  it('have no empty text', () => expect([...leaves(en), ...leaves(zhCN)].filter(([, value]) => value === '')).toEqual([]));
});
