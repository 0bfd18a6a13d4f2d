/** Turns series of different times into the one table uPlot draws. Pure. */

export interface Line {
  label: string;
  /** Unix seconds, ascending. */
  time: number[];
  mean: number[];
  min?: number[];
  max?: number[];
  /** Distance of neighbouring points, s; more than 1.5 of it is a gap. 0 = never a gap. */
  step: number;
}

type Cell = number | null | undefined;
export interface Table {
  time: number[];
  /** As uPlot reads it: null breaks the line, undefined (another line's time) does not. */
  columns: Cell[][];
}

function gapTimes(line: Line): number[] {
  if (line.step <= 0) return [];
  const gaps: number[] = [];
  for (let i = 1; i < line.time.length; i++) {
    const before = line.time[i - 1]!;
    if (line.time[i]! - before > 1.5 * line.step) gaps.push(before + line.step);
  }
  return gaps;
}

/** One column for each line's mean; with `bands` two more (max, min) for each line that has them, after all means. */
export function tabulate(lines: Line[], bands: boolean): Table {
  const gaps = lines.map(gapTimes);
  const time = [...new Set([...lines.flatMap((line) => line.time), ...gaps.flat()])].sort((a, b) => a - b);
  const row = new Map(time.map((t, index) => [t, index]));
  const column = (line: Line, values: number[], gap: number[]): Cell[] => {
    const cells = new Array<Cell>(time.length).fill(undefined);
    for (const t of gap) cells[row.get(t)!] = null;
    line.time.forEach((t, i) => (cells[row.get(t)!] = values[i]));
    return cells;
  };
  const columns = lines.map((line, i) => column(line, line.mean, gaps[i]!));
  if (bands) {
    lines.forEach((line, i) => {
      if (line.min && line.max) columns.push(column(line, line.max, gaps[i]!), column(line, line.min, gaps[i]!));
    });
  }
  return { time, columns };
}

/** The value of a column nearest to a row, looking at most `reach` rows away. */
export function nearest(cells: Cell[], index: number, reach = 3): number | undefined {
  for (let distance = 0; distance <= reach; distance++) {
    const value = cells[index - distance] ?? cells[index + distance];
    if (typeof value === 'number') return value;
  }
  return undefined;
}

export interface Extent {
  lowest: number;
  highest: number;
  latest: number;
}

export function extentOf(line: Line): Extent | undefined {
  if (line.mean.length === 0) return undefined;
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { lowest: least(line.min ?? line.mean), highest: most(line.max ?? line.mean), latest: line.mean[line.mean.length - 1]! };
}

/** What the value axis shows: all data and the limit with some air, and zero where a fall to zero matters. */
export function axisRange(low: number | null, high: number | null, limit: number | undefined, fromZero: boolean): [number, number] {
  let least = Math.min(low ?? limit ?? 0, limit ?? Infinity);
  let most = Math.max(high ?? limit ?? 1, limit ?? -Infinity);
  if (fromZero) least = Math.min(0, least);
  if (fromZero && most === 0) most = 1;
  const air = (most - least || Math.abs(most) * 0.1 || 1) * 0.08;
  return [fromZero && least === 0 ? 0 : least - air, most + air];
}
