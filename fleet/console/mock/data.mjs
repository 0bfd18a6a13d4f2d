// Made-up but plausible data for development: the same on every start, relative to the time of the start.
const hour = 3600_000;
const day = 24 * hour;

/** mulberry32: small, seeded, good enough for fixtures. */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const models = [
  ['Lenovo', 'ThinkPad T14 Gen 4', 'laptop'],
  ['Lenovo', 'ThinkCentre M70q', 'mini'],
  ['Dell', 'Latitude 7440', 'laptop'],
  ['HP', 'EliteDesk 800 G9', 'desktop'],
  ['ASUS', 'ExpertBook B9', 'laptop'],
  ['Huawei', 'MateBook X Pro', 'laptop'],
];
const systems = ['Debian GNU/Linux 12', 'Ubuntu 24.04 LTS', 'Windows 11 Pro 24H2', 'Windows 10 Pro 22H2', '统信桌面操作系统 V20'];
const places = ['sz-office', 'bj-lab', 'reception', '财务部', '研发部', 'warehouse'];

const stories = {
  critical: {
    rule: 'disk.failing', cause: 'disk_failing', component: 'disk0', confidence: 0.94,
    en: '37 sectors of the disk cannot be read any more, 29 of them in the last 6 days. Back up your data today.',
    zh: '硬盘有 37 个扇区无法读取，其中 29 个出现在最近 6 天。请今天就备份数据。',
    facts: { pending: { value: 37, unit: '' }, increase: { value: 29, unit: '' }, window: { value: 6, unit: 'd' }, verdict: { value: 1, unit: '' } },
    plot: { metric: 'hw.physical_disk.smart', component: 'disk0', unit: '1', threshold: 10, from: 4, to: 37, noise: 0.6, bend: 3 },
  },
  warning: {
    rule: 'cooling.fan_worn', cause: 'fan_worn', component: 'fan1', confidence: 0.83,
    en: 'At the same load the fan turns 31 % faster than three months ago, and the processor is 9 °C warmer.',
    zh: '在相同负载下，风扇转速比三个月前高 31%，处理器温度高 9 °C。',
    facts: { temperature: { value: 88.4, unit: 'Cel' }, limit: { value: 79.1, unit: 'Cel' }, speed: { value: 4310, unit: 'rpm' }, window: { value: 21, unit: 'd' } },
    plot: { metric: 'hw.temperature', component: 'cpu', unit: 'Cel', threshold: 85, from: 76, to: 89, noise: 2.5, bend: 1 },
  },
  info: {
    rule: 'cooling.dust', cause: 'dust', component: 'cpu', confidence: 0.71,
    en: 'The cooling needs 14 % more air for the same heat than last spring: probably dust. Ten minutes of cleaning help.',
    zh: '散出同样的热量，所需风量比今年春天多 14%，很可能是积灰。清理十分钟即可改善。',
    facts: { thermal_resistance: { value: 0.92, unit: 'Cel/W' }, baseline: { value: 0.81, unit: 'Cel/W' }, samples: { value: 1840, unit: '1' } },
    plot: { metric: 'hw.temperature', component: 'cpu', unit: 'Cel', from: 66, to: 74, noise: 2, bend: 1 },
  },
};

const uuid = (next) => {
  const hex = Array.from({ length: 32 }, () => Math.floor(next() * 16).toString(16)).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

function makeFinding(device, severity, state, now, next) {
  const story = stories[severity];
  const since = now - (2 + Math.floor(next() * 20)) * day;
  const time = state === 'active' ? since : since + day;
  const { plot } = story;
  const points = Array.from({ length: 200 }, (_, i) => {
    const value = plot.from + (plot.to - plot.from) * (i / 199) ** plot.bend + (next() - 0.5) * plot.noise;
    return [Math.round((now - (200 - i) * 8 * hour) / 1000), plot.noise < 1 ? Math.round(value) : Number(value.toFixed(1))];
  });
  return {
    device: device.id, device_name: device.name, fingerprint: `${device.id.slice(0, 8)}${severity}${state}`, rule: story.rule, rule_version: 1,
    cause: story.cause, component: story.component, state, severity, confidence: story.confidence,
    time: new Date(time).toISOString(), first_seen: new Date(since).toISOString(), last_seen: new Date(time).toISOString(),
    summary: device.chinese ? story.zh : story.en,
    evidence: {
      from: new Date(now - 60 * day).toISOString(), to: new Date(now).toISOString(), facts: story.facts,
      plots: [{ metric: plot.metric, component: plot.component, unit: plot.unit, points, ...(plot.threshold ? { threshold: plot.threshold } : {}) }],
      ...(severity === 'warning' ? { projected: new Date(now + 40 * day).toISOString() } : {}),
    },
  };
}

function makeDevice(index, now, next) {
  const [vendor, model, chassis] = models[Math.floor(next() * models.length)];
  const lot = next();
  const health = lot < 0.04 ? 'critical' : lot < 0.12 ? 'warning' : lot < 0.22 ? 'info' : lot < 0.97 ? 'ok' : 'unknown';
  const silent = next() < 0.06;
  const place = places[index % places.length];
  const device = {
    id: uuid(next), name: `${place}-${String(index + 1).padStart(3, '0')}`, vendor, model, chassis,
    os: systems[Math.floor(next() * systems.length)], agent_version: next() < 0.8 ? '0.1.0' : '0.0.9', health,
    status: next() < 0.015 ? 'revoked' : 'active', enrolled: new Date(now - Math.floor(200 * next() + 1) * day).toISOString(),
    findings: { info: 0, warning: 0, critical: 0 }, chinese: /[\u4e00-\u9fff]/.test(place) || index % 3 === 0,
  };
  if (health !== 'unknown') device.last_seen = new Date(now - (silent ? (4 + next() * 40) * day : next() * 5 * 60_000)).toISOString();
  return device;
}

export function makeFleet(count, now) {
  const next = random(20261123);
  const devices = Array.from({ length: count }, (_, index) => makeDevice(index, now, next));
  const findings = [];
  for (const device of devices) {
    const severity = device.health;
    if (severity in stories) {
      findings.push(makeFinding(device, severity, 'active', now, next));
      device.findings[severity]++;
      findings.push(makeFinding(device, 'info', 'resolved', now, next));
      if (severity === 'critical') {
        findings.push(makeFinding(device, 'warning', 'active', now, next));
        device.findings.warning++;
      }
    }
  }
  return { devices, findings };
}

export const components = [
  { id: 'host', type: 'host', name: 'ThinkPad T14 Gen 4', vendor: 'Lenovo', model: '21HD' },
  { id: 'cpu', parent: 'host', type: 'cpu', name: 'Intel Core i7-1365U', vendor: 'Intel' },
  { id: 'disk0', parent: 'host', type: 'physical_disk', name: 'Samsung SSD 980 PRO 1TB', vendor: 'Samsung', model: 'MZVL21T0HCLR', firmware: 'GXA7801Q', serial_hash: '3f7a' },
  { id: 'fan1', parent: 'host', type: 'fan', name: 'CPU fan' },
  { id: 'fan2', parent: 'host', type: 'fan', name: 'System fan' },
  { id: 'battery', parent: 'host', type: 'battery', name: 'Internal battery', vendor: 'SMP', model: '5B10W51893' },
  { id: 'acpi', parent: 'host', type: 'enclosure', name: 'Mainboard' },
];

/** One description a series: level, swing over the day, noise, trend a day. */
const shapes = [
  ['hw.temperature', 'cpu', '', 'Cel', 58, 14, 9, 0.02],
  ['hw.temperature', 'disk0', '', 'Cel', 42, 6, 2, 0],
  ['hw.temperature', 'acpi', '', 'Cel', 38, 4, 1, 0],
  ['hw.fan.speed', 'fan1', '', 'rpm', 2300, 900, 260, 2],
  ['hw.fan.speed', 'fan2', '', 'rpm', 1200, 200, 60, 0],
  ['hw.physical_disk.nvme', 'disk0', 'percentage_used', '1', 7, 0, 0, 0.01],
  ['hw.physical_disk.nvme', 'disk0', 'available_spare', '1', 100, 0, 0, 0],
  ['hw.physical_disk.nvme', 'disk0', 'media_errors', '1', 0, 0, 0, 0],
  ['system.cpu.utilization', '', '', '1', 0.22, 0.18, 0.2, 0],
  ['hw.power', 'cpu', '', 'W', 9, 7, 4, 0],
  ['hw.battery.charge', 'battery', '', '1', 0.8, 0.15, 0.02, 0],
];

export function seriesOf(now) {
  const [from, to] = [new Date(now - 90 * day).toISOString(), new Date(now).toISOString()];
  return shapes.map(([metric, component, key, unit]) => ({ metric, component, key, unit, from, to }));
}

export function telemetryOf({ metric, component, key, from, to }, now) {
  const shape = shapes.find((one) => one[0] === metric && one[1] === component && one[2] === key);
  if (!shape) return undefined;
  const [, , , unit, level, swing, noise, trend] = shape;
  const step = Math.max(300, Math.ceil((to - from) / 600 / 300_000) * 300);
  const found = { metric, component, key, unit, from: new Date(from).toISOString(), to: new Date(to).toISOString(), step_s: step, time: [], min: [], mean: [], max: [] };
  const next = random(level * 1000 + component.length);
  for (let at = Math.ceil(from / 1000 / step) * step; at * 1000 < Math.min(to, now); at += step) {
    const clock = new Date(at * 1000).getHours();
    const work = clock >= 8 && clock < 19 ? Math.sin(((clock - 8) / 11) * Math.PI) : 0;
    if (clock >= 1 && clock < 6) continue; // the PC sleeps
    const least = swing > 0 && level < 1 ? 0.01 : 0;
    const mean = Math.max(least, level + swing * work + (next() - 0.5) * noise + (trend * (at * 1000 - now)) / day);
    found.time.push(at);
    found.mean.push(mean);
    found.min.push(Math.max(0, mean - next() * noise * 0.6));
    found.max.push(mean + next() * noise * 0.8);
  }
  return found;
}
