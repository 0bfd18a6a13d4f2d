/** Reads a finding's evidence, which the device wrote: what does not fit is left out, never guessed. */
import type { Evidence } from './api';
import { humanise, quantity } from './format';
import type { Texts } from '../texts/en';

export interface EvidencePlot {
  metric: string;
  key: string;
  component: string;
  unit: string;
  /** Unix seconds. */
  time: number[];
  values: number[];
  threshold?: number;
}

export function readPlots(evidence: Evidence): EvidencePlot[] {
  return (evidence.plots ?? []).flatMap((plot) => {
    const points = (plot.points ?? []).flatMap(([at, value]: unknown[]) => {
      const time = typeof at === 'number' ? at : Date.parse(String(at)) / 1000;
      return typeof value === 'number' && Number.isFinite(time) ? [{ time, value }] : [];
    });
    if (points.length === 0) return [];
    points.sort((a, b) => a.time - b.time);
    return [
      {
        metric: plot.metric ?? '',
        key: '',
        component: plot.component ?? '',
        unit: plot.unit ?? '',
        time: points.map((point) => point.time),
        values: points.map((point) => point.value),
        threshold: plot.threshold,
      },
    ];
  });
}

export function factName(name: string, t: Texts): string {
  const known: Record<string, string> = { ...t.diskKeys, ...t.metrics, ...t.facts };
  return known[name] ?? humanise(name);
}

export function causeName(cause: string, t: Texts): string {
  return (t.causes as Record<string, string>)[cause] ?? humanise(cause);
}

/** Names and values as people read them, in the order of importance. */
export function readFacts(evidence: Evidence, t: Texts, language: string): { name: string; text: string }[] {
  return Object.entries(evidence.facts ?? {}).map(([name, { value, unit }]) => ({
    name: factName(name, t),
    text: typeof value === 'number' ? quantity(value, unit, name, language) : value,
  }));
}
