/** Realistic wire items (docs/wire.md), made up here. Times are around now, so that "last 24 hours" has something to draw. */
const hour = 3600_000;
const rfc = (time) => new Date(Math.floor(time / 1000) * 1000).toISOString().replace('.000Z', 'Z');

const parts = (name, vendor, model) => [
  { id: 'host', type: 'host', name, vendor, model },
  { id: 'cpu', parent: 'host', type: 'cpu', name: 'Intel Core i7-1365U', vendor: 'Intel' },
  { id: 'disk0', parent: 'host', type: 'physical_disk', name: 'Samsung SSD 980 PRO 1TB', vendor: 'Samsung', model: 'MZVL21T0HCLR', firmware: 'GXA7801Q' },
  { id: 'fan1', parent: 'host', type: 'fan', name: 'CPU fan' },
  { id: 'battery', parent: 'host', type: 'battery', name: 'Internal battery' },
];

export function inventory(name, vendor, model, os) {
  const body = {
    components: parts(name, vendor, model), context: { bios_version: 'N3QET45W (1.45)', host_chassis: 'laptop' },
    host: { name, os }, agent: { version: '0.1.0', language: 'en' }, storage: [],
  };
  return { kind: 'inventory', time: rfc(Date.now()), body };
}

/** Two days in 5-minute steps, one item for each hour, as an agent sends them. */
export function telemetry(hours = 48) {
  const start = Math.floor(Date.now() / hour) * hour - (hours - 1) * hour;
  return Array.from({ length: hours }, (_, h) => {
    const from = start + h * hour;
    const offsets = Array.from({ length: 12 }, (_, i) => i).filter((i) => from + i * 300_000 < Date.now());
    const wave = (i, level, swing) => level + swing * Math.sin(((h + i / 12) / 24) * 2 * Math.PI) + ((i * 7 + h * 3) % 5) * swing * 0.04;
    const series = (metric, component, key, level, swing) => {
      const mean = offsets.map((i) => Number(wave(i, level, swing).toFixed(3)));
      return { metric, component, key, offsets, mean, min: mean.map((v) => v - swing * 0.1), max: mean.map((v) => v + swing * 0.15) };
    };
    const all = [
      series('hw.temperature', 'cpu', '', 62, 14), series('hw.temperature', 'disk0', '', 41, 5), series('hw.fan.speed', 'fan1', '', 2400, 900),
      series('hw.physical_disk.nvme', 'disk0', 'percentage_used', 7, 0), series('hw.physical_disk.nvme', 'disk0', 'available_spare', 100, 0),
      series('system.cpu.utilization', '', '', 0.3, 0.2), series('hw.battery.charge', 'battery', '', 0.8, 0.15),
    ];
    return { kind: 'telemetry', time: rfc(from), body: { start: rfc(from), step_s: 300, series: all } };
  }).filter((item) => item.body.series[0].offsets.length > 0);
}

const stories = {
  critical: ['disk.failing', 'disk_failing', 'disk0', '37 sectors of the disk cannot be read any more, 29 of them in the last 6 days. Back up your data today.'],
  warning: ['cooling.fan_worn', 'fan_worn', 'fan1', 'At the same load the fan turns 31 % faster than three months ago, and the processor is 9 °C warmer.'],
  info: ['cooling.dust', 'dust', 'cpu', '散出同样的热量，所需风量比今年春天多 14%，很可能是积灰。清理十分钟即可改善。'],
};

export function finding(severity, { state = 'active', daysAgo = 3, time = Date.now() - daysAgo * 24 * hour } = {}) {
  const [rule, cause, component, summary] = stories[severity];
  const from = time - 30 * 24 * hour;
  const points = Array.from({ length: 120 }, (_, i) => [Math.round((from + i * 6 * hour) / 1000), Number((70 + i * 0.15 + (i % 5)).toFixed(1))]);
  const body = {
    type: 'finding', time: rfc(time), rule, rule_version: 1, fingerprint: `${rule}/${component}`, state, cause, component, severity, confidence: 0.87, summary,
    first_seen: rfc(Date.now() - daysAgo * 24 * hour), last_seen: rfc(time),
    evidence: {
      from: rfc(from), to: rfc(time),
      facts: { temperature: { value: 88.4, unit: 'Cel' }, fan_speed: { value: 4310, unit: 'rpm' }, duration: { value: 6, unit: 'd' } },
      plots: [{ metric: 'hw.temperature', component: 'cpu', unit: 'Cel', points, threshold: 85 }],
    },
  };
  return { kind: 'finding', time: rfc(time), body };
}

export function status() {
  const collectors = [{ name: 'temperature', status: 'ok', readings: 51840, rejected: 3 }, { name: 'gpu', status: 'absent', readings: 0, rejected: 0 }];
  const coverage = [{ rule: 'memory.errors', status: 'insufficient', tier: '', reason: 'no error counters on this machine' }];
  return { kind: 'status', time: rfc(Date.now()), body: { collectors, coverage, uptime_s: 7200 } };
}

export function story() {
  const at = (hoursAgo) => rfc(Date.now() - hoursAgo * hour);
  const fingerprint = 'cooling.fan_worn/fan1';
  const rule = 'cooling.fan_worn';
  const message = { id: 'n1', fingerprint, rule, level: 'warning', title: 'The fan is wearing out', body: 'Please arrange a new fan in the next weeks.', actions: [], time: at(70) };
  return [
    { kind: 'notification', time: at(70), body: message },
    { kind: 'feedback', time: at(69), body: { fingerprint, rule, answer: 'later', time: at(69) } },
    { kind: 'outcome', time: at(300), body: { type: 'outcome', rule: 'cooling.dust', component: 'cpu', result: 'improved', before: 91.2, after: 78.4, time: at(300) } },
  ];
}
