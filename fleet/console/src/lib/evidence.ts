/** Reads a finding's evidence, which the device wrote: what does not fit is left out, never guessed. */
import type { Evidence } from './api';
import { humanise, percent, quantity } from './format';
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

/** What a fact or a plot's metric is called: by the rule's own name for it, else by the common one. */
export function evidenceName(rule: string, name: string, t: Texts): string {
  return t.evidence[`${rule}/${name}`] ?? t.evidence[name] ?? (t.diskKeys as Record<string, string>)[name] ?? humanise(name);
}

export function causeName(cause: string, t: Texts): string {
  return (t.causes as Record<string, string>)[cause] ?? humanise(cause);
}

/** Names and values as people read them, in the order of importance. */
export function readFacts(evidence: Evidence, rule: string, t: Texts, language: string): { name: string; text: string }[] {
  return Object.entries(evidence.facts ?? {}).map(([name, { value, unit }]) => ({
    name: evidenceName(rule, name, t),
    // In evidence, unit 1 is a share; counts of things have no unit.
    text: typeof value === 'number' ? (unit === '1' ? percent(value, language, 1) : quantity(value, unit, name, language)) : value,
  }));
}
