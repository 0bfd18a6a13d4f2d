/** Reads a device's last status item (docs/wire.md), which the server hands on as it came: what does not fit is left out. Pure. */
export interface CollectorStatus {
  name: string;
  status: 'ok' | 'absent' | 'error';
  readings?: number;
  rejected?: number;
}
export interface Insufficient {
  rule: string;
  reason: string;
}

const objects = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null) : [];
const count = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

export function readCollectors(status: Record<string, unknown>): CollectorStatus[] {
  return objects(status.collectors).flatMap(({ name, status: state, readings, rejected }) =>
    typeof name === 'string' && (state === 'ok' || state === 'absent' || state === 'error')
      ? [{ name, status: state, readings: count(readings), rejected: count(rejected) }]
      : [],
  );
}

/** The rules that say they lack evidence on this device, and why. */
export function readInsufficient(status: Record<string, unknown>): Insufficient[] {
  return objects(status.coverage).flatMap(({ rule, status: state, reason }) =>
    state === 'insufficient' && typeof rule === 'string' ? [{ rule, reason: typeof reason === 'string' ? reason : '' }] : [],
  );
}
