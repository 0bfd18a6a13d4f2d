import { api, ApiError, whenSessionEnds, type Me, type Permission } from './api';
import { live } from './live.svelte';

class Session {
  state = $state<'starting' | 'out' | 'in' | 'unreachable'>('starting');
  me = $state.raw<Me>();
  /** True when a session ended by itself, to say so on the login page. */
  expired = $state(false);

  async start(): Promise<void> {
    whenSessionEnds(() => this.#end());
    try {
      this.#begin(await api.get('/api/v1/me'));
    } catch (error) {
      const known = error instanceof ApiError && error.kind === 'session';
      this.expired = false;
      this.state = known ? 'out' : 'unreachable';
    }
  }

  async login(name: string, password: string): Promise<void> {
    this.#begin(await api.post('/api/v1/session', { body: { name, password } }));
  }

  async logout(): Promise<void> {
    try {
      await api.delete('/api/v1/session');
    } finally {
      this.#leave();
      this.expired = false;
    }
  }

  can(permission: Permission): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  #begin(me: Me): void {
    this.me = me;
    this.expired = false;
    this.state = 'in';
    live.start();
  }

  #end(): void {
    this.expired = this.state === 'in';
    this.#leave();
  }

  #leave(): void {
    live.stop();
    this.me = undefined;
    this.state = 'out';
  }
}

export const session = new Session();
