import { describe, expect, it } from 'vitest';

import { axisRange, extentOf, nearest, tabulate, type Line } from '../src/lib/chart-data';

const line = (time: number[], mean: number[], step = 10): Line => ({ label: '', time, mean, step });

describe('tabulate', () => {
  it('puts lines of different times into one table without breaking them', () => {
    const table = tabulate([line([0, 10], [1, 2]), line([5, 15], [3, 4])], false);
    expect(table.time).toEqual([0, 5, 10, 15]);
    expect(table.columns).toEqual([
      [1, undefined, 2, undefined],
      [undefined, 3, undefined, 4],
    ]);
  });
  it('breaks a line where data is missing', () => {
    const table = tabulate([line([0, 10, 50], [1, 2, 3])], false);
    expect(table.time).toEqual([0, 10, 20, 50]);
    expect(table.columns[0]).toEqual([1, 2, null, 3]);
  });
  it('adds the band of minimum and maximum after all means', () => {
    const banded = { ...line([0], [2]), min: [1], max: [3] };
    expect(tabulate([banded, line([0], [7])], true).columns).toEqual([[2], [7], [3], [1]]);
  });
});

it('finds the value beside the cursor, but not one far away', () => {
  expect(nearest([1, undefined, undefined], 1)).toBe(1);
  expect(nearest([1, undefined, undefined, undefined, undefined], 4)).toBeUndefined();
});

it('takes the extremes from the band and the latest from the mean', () => {
  expect(extentOf({ ...line([0, 10], [2, 3]), min: [1, 2], max: [5, 4] })).toEqual({ lowest: 1, highest: 5, latest: 3 });
  expect(extentOf(line([], []))).toBeUndefined();
});

describe('axis range', () => {
  it('always shows the limit', () => expect(axisRange(40, 60, 90, false)[1]).toBeGreaterThan(90));
  it('starts at zero where a fall to zero matters', () => expect(axisRange(900, 1000, undefined, true)[0]).toBe(0));
  it('gives constant and absent data some room', () => {
    const [low, high] = axisRange(5, 5, undefined, false);
    expect(high).toBeGreaterThan(low);
    expect(axisRange(null, null, undefined, true)[1]).toBeGreaterThan(0);
  });
});
