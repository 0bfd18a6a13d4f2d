/** Binds the chart component to uPlot; loaded only by pages that draw. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { axisRange, tabulate, type Line } from '../lib/chart-data';
import { isRatio, number, percent, tickTime } from '../lib/format';

export interface PlotOptions {
  lines: Line[];
  unit: string;
  /** The metric's name, which tells ratios from counts. */
  name: string;
  language: string;
  threshold?: number;
  from?: number;
  to?: number;
  /** px at the normal text size of 15 px; grows with it. */
  height: number;
  /** Charts of one group show the same instant under the cursor. */
  group?: string;
  /** Row under the cursor, undefined when it left. */
  oncursor: (row: number | undefined, table: { time: number[]; columns: (number | null | undefined)[][] }) => void;
}

/** Colours as the canvas needs them: custom properties resolved for the theme on screen. */
function resolver(host: HTMLElement): { colour: (name: string) => string; rem: number; size: number; font: string } {
  const probe = document.createElement('span');
  host.append(probe);
  const style = getComputedStyle(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const size = Math.round(rem * 0.8);
  const found = { colour, rem, size, font: `${size}px ${style.fontFamily}` };
  queueMicrotask(() => probe.remove());
  return found;
}

const withAlpha = (colour: string, alpha: number) => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);

function drawThreshold(plot: uPlot, value: number, colour: string): void {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function yTicks(options: PlotOptions, splits: number[]): string[] {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0));
  const digits = Math.min(3, (/\.(\d+)/.exec(String(Number(step.toPrecision(6))))?.[1] ?? '').length);
  if (isRatio(options.name, options.unit)) return splits.map((v) => percent(v, options.language, step < 0.01 ? 1 : 0));
  const per = options.unit === 'Hz' || options.unit === 'By' ? 1e9 : options.unit === 'ms' ? 1000 : 1;
  return splits.map((v) => number(v / per, options.language, per > 1 ? 1 : digits));
}

const fromZero = (options: PlotOptions) => options.unit !== 'Cel' && options.unit !== 'V';

export function draw(host: HTMLElement, options: PlotOptions): { resize: (width: number) => void; destroy: () => void } {
  const { colour, rem, size, font } = resolver(host);
  const bands = options.lines.length <= 3;
  const table = tabulate(options.lines, bands);
  const stroke = options.lines.map((_, i) => colour(`series-${(i % 6) + 1}`));
  const series: uPlot.Series[] = [{}, ...stroke.map((s) => ({ stroke: s, width: 1.75, points: { show: table.time.length < 3 } }))];
  const plotBands: uPlot.Band[] = [];
  if (bands) {
    options.lines.forEach((line, i) => {
      if (!line.min || !line.max) return;
      plotBands.push({ series: [series.length, series.length + 1], fill: withAlpha(stroke[i]!, 0.16) });
      series.push({ stroke: 'transparent', points: { show: false } }, { stroke: 'transparent', points: { show: false } });
    });
  }
  const crit = colour('crit');
  const axis = { stroke: colour('text-3'), font, grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  const plot = new uPlot(
    {
      width: Math.max(host.clientWidth, 120),
      height: (options.height / 15) * rem,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, ...(options.group ? { sync: { key: options.group } } : {}) },
      scales: {
        x: options.from !== undefined && options.to !== undefined ? { range: [options.from / 1000, options.to / 1000] } : {},
        y: { range: (_, low, high) => axisRange(low, high, options.threshold, fromZero(options)) },
      },
      axes: [
        { ...axis, size: size * 2.2, space: size * 6, values: (_, splits, __, ___, step) => splits.map((s) => tickTime(s, step, options.language)) },
        {
          ...axis,
          values: (_, splits) => yTicks(options, splits),
          size: (_, values) => Math.max(34, Math.max(0, ...(values ?? []).map((v) => v.length)) * size * 0.62 + 14),
        },
      ],
      series,
      bands: plotBands,
      hooks: {
        setCursor: [(u) => options.oncursor(u.cursor.idx ?? undefined, table)],
        draw: options.threshold === undefined ? [] : [(u) => drawThreshold(u, options.threshold!, crit)],
      },
    },
    [table.time, ...table.columns] as uPlot.AlignedData,
    host,
  );
  return {
    resize: (width) => plot.setSize({ width: Math.max(width, 120), height: (options.height / 15) * rem }),
    destroy: () => plot.destroy(),
  };
}
