/** Pages live behind the address's `#`, so that the server serves one page and needs to know nothing of them. */
export type Route =
  | { page: 'overview' }
  | { page: 'devices'; query: URLSearchParams }
  | { page: 'device'; id: string }
  | { page: 'tokens' }
  | { page: 'users' }
  | { page: 'missing' };

/** Pure: what a location hash ("#/devices?search=x") means. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [first = '', second, ...rest] = path.split('/').filter((part, index) => part !== '' || index === 0);
  if (rest.length > 0) return { page: 'missing' };
  if (first === 'devices' && second) return { page: 'device', id: safeDecode(second) };
  if (second) return { page: 'missing' };
  switch (first) {
    case '':
      return { page: 'overview' };
    case 'devices':
      return { page: 'devices', query: new URLSearchParams(query) };
    case 'tokens':
    case 'users':
      return { page: first };
    default:
      return { page: 'missing' };
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const href = {
  overview: '#/',
  devices: (query: Record<string, string> = {}): string => {
    const search = new URLSearchParams(query).toString();
    return search ? `#/devices?${search}` : '#/devices';
  },
  device: (id: string): string => `#/devices/${encodeURIComponent(id)}`,
  tokens: '#/tokens',
  users: '#/users',
};

class Router {
  route = $state.raw<Route>({ page: 'overview' });

  start(): void {
    const read = () => (this.route = parseRoute(location.hash));
    addEventListener('hashchange', read);
    read();
  }

  /** Changes the address without a new entry in the history, e.g. while a search is typed. */
  replace(hash: string): void {
    history.replaceState(null, '', hash);
    this.route = parseRoute(hash);
  }

  go(hash: string): void {
    location.hash = hash;
  }
}

export const router = new Router();
