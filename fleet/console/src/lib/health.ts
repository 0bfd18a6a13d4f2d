import { SILENT_AFTER_S, type Device } from './api';

/** What a device's badge says. `waiting`: enrolled, but nothing was uploaded yet. */
export type Health = 'healthy' | 'info' | 'warning' | 'critical' | 'silent' | 'waiting' | 'revoked';

export function isSilent(device: Pick<Device, 'last_seen'>, now: number): boolean {
  return device.last_seen !== undefined && now - Date.parse(device.last_seen) > SILENT_AFTER_S * 1000;
}

function severityOf(device: Pick<Device, 'health'>): Health {
  switch (device.health) {
    case 'ok':
      return 'healthy';
    case 'unknown':
      return 'waiting';
    case 'info':
    case 'warning':
    case 'critical':
      return device.health;
  }
}

/** The badges of a device, the most telling first: what was last known to be wrong still counts while it is silent. */
export function badgesOf(device: Pick<Device, 'health' | 'status' | 'last_seen'>, now: number): Health[] {
  if (device.status === 'revoked') return ['revoked'];
  const severity = severityOf(device);
  if (!isSilent(device, now)) return [severity];
  return severity === 'healthy' || severity === 'waiting' ? ['silent'] : ['silent', severity];
}

/** One filter of the device list and the query that asks the server for it. */
export const healthFilters = ['healthy', 'info', 'warning', 'critical', 'silent', 'waiting', 'revoked'] as const satisfies readonly Health[];

export function isHealth(text: string | null): text is Health {
  return text !== null && (healthFilters as readonly string[]).includes(text);
}

type Query = { health?: Device['health'][]; status?: Device['status'][]; silent?: boolean };

export function queryOf(filter: Health | undefined): Query {
  const present: Query = { status: ['active', 'cloned'] };
  switch (filter) {
    case undefined:
      return present;
    case 'healthy':
      return { ...present, health: ['ok'] };
    case 'waiting':
      return { ...present, health: ['unknown'] };
    case 'info':
    case 'warning':
    case 'critical':
      return { ...present, health: [filter] };
    case 'silent':
      return { ...present, silent: true };
    case 'revoked':
      return { status: ['revoked'] };
  }
}
