/** What the device list shows, as it stands in the page's address. Pure. */
import { isHealth, queryOf, type Health } from './health';
import { SILENT_AFTER_S } from './api';

export const sorts = ['health', 'name', 'model', 'os', 'agent', 'last_seen', 'enrolled'] as const;
export type Sort = (typeof sorts)[number];
export const limits = [25, 50, 100, 200] as const;

export interface DeviceQuery {
  search: string;
  health: Health | undefined;
  sort: Sort;
  order: 'asc' | 'desc';
  page: number;
  limit: number;
}

/** Worst and newest first; words from A to Z. */
export function naturalOrder(sort: Sort): 'asc' | 'desc' {
  return sort === 'health' || sort === 'last_seen' || sort === 'enrolled' ? 'desc' : 'asc';
}

export function readQuery(query: URLSearchParams): DeviceQuery {
  const sort = sorts.find((known) => known === query.get('sort')) ?? 'health';
  const order = query.get('order');
  const health = query.get('health');
  const page = Number(query.get('page'));
  return {
    search: (query.get('search') ?? '').slice(0, 100),
    health: isHealth(health) ? health : undefined,
    sort,
    order: order === 'asc' || order === 'desc' ? order : naturalOrder(sort),
    page: Number.isInteger(page) && page > 0 ? page : 1,
    limit: limits.find((known) => String(known) === query.get('limit')) ?? 50,
  };
}

/** The address's query; what is the default is left out. */
export function writeQuery(query: DeviceQuery): Record<string, string> {
  const written: Record<string, string> = {};
  if (query.search) written.search = query.search;
  if (query.health) written.health = query.health;
  if (query.sort !== 'health') written.sort = query.sort;
  if (query.order !== naturalOrder(query.sort)) written.order = query.order;
  if (query.page !== 1) written.page = String(query.page);
  if (query.limit !== 50) written.limit = String(query.limit);
  return written;
}

/** What the server is asked. */
export function apiQuery(query: DeviceQuery) {
  const { search, sort, order, page, limit } = query;
  return { search, sort, order, page, limit, silent_after_s: SILENT_AFTER_S, ...queryOf(query.health) };
}
