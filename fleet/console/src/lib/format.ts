/** Numbers, units and times for people. Pure: language and "now" are arguments. */

const steps: [limit: number, size: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [30 * 86_400, 86_400, 'day'],
  [365 * 86_400, 30 * 86_400, 'month'],
  [Infinity, 365 * 86_400, 'year'],
];

const cache = new Map<string, unknown>();
function cached<T>(key: string, make: () => T): T {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key) as T;
}

/** "5 minutes ago"; within 45 s of now, `justNow`. Times are ms. */
export function relativeTime(time: number, now: number, language: string, justNow: string): string {
  const seconds = (time - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return justNow;
  const format = cached(`r${language}`, () => new Intl.RelativeTimeFormat(language, { numeric: 'always' }));
  for (const [limit, unit, name] of steps) {
    if (size < limit) return format.format(Math.sign(seconds) * Math.max(1, Math.round(size / unit)), name);
  }
  return '';
}

function dateFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return cached(`d${language}${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(language, options));
}

/** Date and minute in the viewer's time zone. */
export function dateTime(time: number, language: string): string {
  return dateFormat(language, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).format(time);
}

export function date(time: number, language: string): string {
  return dateFormat(language, { dateStyle: 'medium' }).format(time);
}

/** With seconds and zone, for tooltips. */
export function exactTime(time: number, language: string): string {
  return dateFormat(language, { dateStyle: 'full', timeStyle: 'long', hourCycle: 'h23' }).format(time);
}

/** A tick of a time axis whose ticks are `step` seconds apart. */
export function tickTime(seconds: number, step: number, language: string): string {
  const time = seconds * 1000;
  if (step >= 86_400) return dateFormat(language, { month: 'short', day: 'numeric' }).format(time);
  const clock = dateFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time);
  return clock === '00:00' ? dateFormat(language, { month: 'short', day: 'numeric' }).format(time) : clock;
}

export function number(value: number, language: string, digits = 1): string {
  return cached(`n${language}${digits}`, () => new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(value);
}

export function percent(ratio: number, language: string, digits = 0): string {
  const options = { style: 'percent', maximumFractionDigits: digits } as const;
  return cached(`p${language}${digits}`, () => new Intl.NumberFormat(language, options)).format(ratio);
}

/** A divisor and a sign people know for each unit (UCUM, as OpenTelemetry writes it) whose own would be unhandy. */
const shown: Record<string, { sign: string; per?: number; digits?: number }> = {
  Cel: { sign: '°C' },
  K: { sign: 'K' },
  'Cel/W': { sign: '°C/W', digits: 2 },
  'K/W': { sign: 'K/W', digits: 2 },
  rpm: { sign: 'rpm', digits: 0 },
  Hz: { sign: 'GHz', per: 1e9, digits: 2 },
  By: { sign: 'GB', per: 1e9 },
  ms: { sign: 's', per: 1000 },
  W: { sign: 'W' },
  V: { sign: 'V', digits: 2 },
  '%': { sign: '%' },
};

/** Ratios (0..1) that are shown as percent. */
const ratios = /(utilization|health|charge|ratio|share|fraction|confidence|probability)$/;

/** NVMe counts these in whole percent. */
const percents = /^(percentage_used|available_spare|available_spare_threshold)$/;

/** The unit a series is shown in: its own, or what its key says where the metric leaves it open. */
export function unitOf(unit: string, key: string): string {
  return percents.test(key) && (unit === '1' || unit === '') ? '%' : unit;
}

export function isRatio(name: string, unit: string): boolean {
  return unit === '1' && ratios.test(name);
}

const times: Record<string, { unit: string; seconds: number }> = {
  s: { unit: 'second', seconds: 1 },
  min: { unit: 'minute', seconds: 60 },
  h: { unit: 'hour', seconds: 3600 },
  d: { unit: 'day', seconds: 86_400 },
};

/** A length of time in the largest unit of which there are at least two: "90 min", "6 days". */
function duration(seconds: number, own: string, language: string): string {
  const fit = ['d', 'h', 'min'].find((unit) => seconds >= 2 * times[unit]!.seconds) ?? (seconds === 0 ? own : 's');
  const { unit, seconds: size } = times[fit]!;
  const options = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 1 } as const;
  return cached(`t${language}${unit}`, () => new Intl.NumberFormat(language, options)).format(seconds / size);
}

/** Value with unit: "61.5 °C", "1,240 rpm", "42 %". `name` is the metric's or fact's, which tells ratios from counts. */
export function quantity(value: number, unit: string, name: string, language: string): string {
  if (isRatio(name, unit)) return percent(value, language);
  const time = times[unit];
  if (time && !name.endsWith('hours')) return duration(value * time.seconds, unit, language);
  const as = shown[unitOf(unit, name)];
  const text = number(value / (as?.per ?? 1), language, as?.digits ?? (Math.abs(value) < 1 ? 3 : 1));
  const sign = as ? as.sign : unit.startsWith('{') || unit === '1' ? '' : unit;
  return sign ? `${text}\u00a0${sign}` : text;
}

/** "available_spare" -> "Available spare": for names that no dictionary knows. */
export function humanise(name: string): string {
  const words = name.replace(/[._]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
