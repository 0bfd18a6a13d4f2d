/** Which charts a device's page draws from the series that the fleet holds. Pure. */
import type { Component, Series } from './api';
import { humanise } from './format';
import type { Texts } from '../texts/en';

export interface ChartPlan {
  id: string;
  metric: string;
  key: string;
  unit: string;
  lines: { component: string; series: Series }[];
}

/** More lines than this in one chart cannot be told apart. */
export const maxLines = 6;

/** What is drawn first; metrics that are not named follow in alphabetical order. */
const metricOrder = [
  'hw.temperature',
  'hw.fan.speed',
  'hw.physical_disk.nvme',
  'hw.physical_disk.smart',
  'system.cpu.utilization',
  'hw.power',
  'hw.battery.charge',
  'hw.battery.capacity.full',
  'system.filesystem.utilization',
  'hw.gpu.utilization',
  'system.cpu.frequency',
  'hale.cpu.throttle.count',
  'hale.cpu.throttle.time',
  'hw.physical_disk.power_on_hours',
];
const diskKeyOrder = ['percentage_used', 'available_spare', 'media_errors', 'critical_warning', '5', '197', '198', '187', '188', '199', '194', 'temperature'];

/** Limits and the parts of a SMART attribute that are not its value are no measurements to draw. */
function isDrawn(series: Series): boolean {
  return !series.metric.endsWith('.limit') && !/\.(raw48|normalized|worst|threshold)$/.test(series.key);
}

function rank(order: string[], name: string): number {
  const index = order.indexOf(name);
  return index < 0 ? order.length : index;
}

function compare(a: ChartPlan, b: ChartPlan): number {
  return (
    rank(metricOrder, a.metric) - rank(metricOrder, b.metric) ||
    a.metric.localeCompare(b.metric) ||
    rank(diskKeyOrder, a.key) - rank(diskKeyOrder, b.key) ||
    a.key.localeCompare(b.key, undefined, { numeric: true })
  );
}

/** Which components come first where not all fit one chart. */
const typeOrder: Component['type'][] = ['cpu', 'gpu', 'physical_disk', 'memory', 'battery', 'fan', 'enclosure'];

/** The first chart of every measurement, then what did not fit there. */
export function planCharts(all: Series[], components: readonly Component[] = []): ChartPlan[] {
  const types = new Map(components.map((component) => [component.id, component.type]));
  const place = (id: string): number => {
    const type = types.get(id) ?? guessType(id);
    const index = type ? typeOrder.indexOf(type) : -1;
    return index < 0 ? typeOrder.length : index;
  };
  const plans = new Map<string, ChartPlan>();
  for (const series of all.filter(isDrawn)) {
    const id = `${series.metric}/${series.key}`;
    const plan = plans.get(id) ?? { id, metric: series.metric, key: series.key, unit: series.unit, lines: [] };
    plan.lines.push({ component: series.component, series });
    plans.set(id, plan);
  }
  for (const plan of plans.values()) plan.lines.sort((a, b) => place(a.component) - place(b.component) || a.component.localeCompare(b.component, undefined, { numeric: true }));
  const parts = [...plans.values()].sort(compare).map(split);
  return [...parts.flatMap((part) => part.slice(0, 1)), ...parts.flatMap((part) => part.slice(1))];
}

function split(plan: ChartPlan): ChartPlan[] {
  const parts: ChartPlan[] = [];
  for (let start = 0; start < plan.lines.length; start += maxLines) {
    const id = start === 0 ? plan.id : `${plan.id}#${start}`;
    parts.push({ ...plan, id, lines: plan.lines.slice(start, start + maxLines) });
  }
  return parts;
}

export function titleOf(plan: Pick<ChartPlan, 'metric' | 'key'>, t: Texts): string {
  const metric = (t.metrics as Record<string, string>)[plan.metric] ?? humanise(plan.metric.replace(/^(hw|system|hale)\./, ''));
  if (!plan.key) return metric;
  const key = (t.diskKeys as Record<string, string>)[plan.key] ?? humanise(plan.key);
  return plan.metric.startsWith('hw.physical_disk.') ? key : `${metric} · ${key}`;
}

/** What people call a component; its id when the inventory does not know it. */
export function componentName(id: string, components: readonly Component[], t: Texts): string {
  if (!id) return '';
  const known = components.find((component) => component.id === id);
  if (known?.name) return known.name;
  const type = known?.type ?? guessType(id);
  if (!type) return id;
  const digits = /\d+$/.exec(id)?.[0];
  return digits ? `${t.types[type]} ${digits}` : t.types[type];
}

function guessType(id: string): Component['type'] | undefined {
  if (/^fan\d*$/.test(id)) return 'fan';
  if (/^disk\d*$/.test(id)) return 'physical_disk';
  if (id === 'cpu' || id === 'gpu' || id === 'battery' || id === 'memory' || id === 'host') return id;
  return id === 'acpi' ? 'enclosure' : undefined;
}

export type Range = 'h6' | 'h24' | 'd7' | 'd30' | 'd365';
const hours: Record<Range, number> = { h6: 6, h24: 24, d7: 7 * 24, d30: 30 * 24, d365: 365 * 24 };

export interface Span {
  from: number;
  to: number;
  /** True when the data ends before the range that leads up to now would begin, so that the window was moved to the data. */
  moved: boolean;
}

/** The window (ms) to draw: up to now, or up to the newest data where that lies wholly before it or in the future. */
export function spanOf(range: Range, all: Series[], now: number): Span {
  const length = hours[range] * 3_600_000;
  const newest = Math.max(...all.map((series) => Date.parse(series.to)));
  const moved = Number.isFinite(newest) && (newest < now - length || newest > now + 3_600_000);
  const to = moved ? newest : now;
  return { from: to - length, to, moved };
}
