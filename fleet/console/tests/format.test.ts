import { describe, expect, it } from 'vitest';

import { humanise, quantity, relativeTime, unitOf } from '../src/lib/format';

const now = Date.parse('2026-11-23T08:00:00Z');
const ago = (seconds: number) => relativeTime(now - seconds * 1000, now, 'en', 'just now');

describe('relative time', () => {
  it('does not count seconds', () => expect(ago(30)).toBe('just now'));
  it('counts minutes, hours and days', () => {
    expect(ago(60)).toBe('1 minute ago');
    expect(ago(3 * 3600)).toBe('3 hours ago');
    expect(ago(2 * 86_400)).toBe('2 days ago');
  });
  it('speaks Chinese', () => expect(relativeTime(now - 300_000, now, 'zh-CN', '刚刚')).toBe('5分钟前'));
  it('looks ahead as well, for what expires', () => expect(ago(-2 * 86_400)).toBe('in 2 days'));
});

describe('quantity', () => {
  const show = (value: number, unit: string, name = '') => quantity(value, unit, name, 'en').replace('\u00a0', ' ');
  it('writes units as people know them', () => {
    expect(show(61.53, 'Cel')).toBe('61.5 °C');
    expect(show(1240.4, 'rpm')).toBe('1,240 rpm');
    expect(show(3.4e9, 'Hz')).toBe('3.4 GHz');
  });
  it('shows ratios as percent, and counts as they are', () => {
    expect(show(0.42, '1', 'system.cpu.utilization')).toBe('42%');
    expect(show(3, '1', 'media_errors')).toBe('3');
    expect(show(1, '1', 'count')).toBe('1');
  });
  it('shows what NVMe counts in percent as percent', () => expect(show(7, '1', 'percentage_used')).toBe('7 %'));
  it('names lengths of time in a handy unit', () => {
    expect(show(6, 'd')).toBe('6 days');
    expect(show(5400, 's')).toBe('90 minutes');
    expect(quantity(8760, 'h', '', 'zh-CN')).toBe('365天');
  });
  it('keeps a unit it does not know', () => expect(show(5, 'kg')).toBe('5 kg'));
});

it('gives only open units a meaning from the key', () => {
  expect(unitOf('1', 'available_spare')).toBe('%');
  expect(unitOf('1', 'media_errors')).toBe('1');
});

it('makes unknown names readable', () => expect(humanise('thermal_resistance.now')).toBe('Thermal resistance now'));
