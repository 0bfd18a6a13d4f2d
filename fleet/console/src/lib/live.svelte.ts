import { api, type Finding } from './api';

/** What the server tells while it happens: the events of GET /api/v1/live, and `resumed` of our own after a gap. */
export type LiveEvent =
  | { type: 'device_seen' | 'telemetry'; device: string; time: string }
  | { type: 'device_changed'; device: string; time: string; change: string }
  | { type: 'notification' | 'feedback' | 'outcome'; device: string; time: string }
  | ({ type: 'finding' } & Finding)
  | { type: 'reset' };

const kinds = ['device_seen', 'telemetry', 'device_changed', 'notification', 'feedback', 'outcome', 'finding', 'reset'] as const;
const retryMs = 3000;
/** A browser allows six connections to a server over HTTP/1.1, all tabs together: a tab that is hidden for longer gives its own back. */
const hiddenMs = 30_000;

class Live {
  connected = $state(false);
  /** False until the first connection, so that nothing is called interrupted while it starts. */
  everConnected = $state(false);
  #source?: EventSource;
  #retry?: ReturnType<typeof setTimeout>;
  #hidden?: ReturnType<typeof setTimeout>;
  #listeners = new Set<(event: LiveEvent) => void>();

  /** Calls `listener` for each event; returns how to end that. */
  listen(listener: (event: LiveEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.stop();
    document.addEventListener('visibilitychange', this.#rest);
    const source = new EventSource('/api/v1/live');
    this.#source = source;
    source.onopen = () => {
      // After a gap the browser asks for what it missed only if it reconnected by itself; a reset covers both.
      if (this.everConnected && !this.connected) this.#tell({ type: 'reset' });
      this.connected = this.everConnected = true;
    };
    source.onerror = () => {
      this.connected = false;
      if (source.readyState === EventSource.CLOSED) this.#tryAgain(source);
    };
    for (const type of kinds) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        const data = parse(message.data);
        if (data) this.#tell({ ...data, type } as LiveEvent);
      });
    }
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#rest);
    clearTimeout(this.#hidden);
    this.#close();
  }

  #rest = (): void => {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#close(), hiddenMs);
    else if (!this.#source) this.start();
  };

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.connected = false;
  }

  /** The server refused: it is full, restarting, or the session ended. The browser gives up then, and does not say which it was. */
  #tryAgain(source: EventSource): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      // An ended session ends the console through this request, which stops us.
      const reachable = await api.get('/api/v1/me').then(
        () => true,
        () => false,
      );
      if (this.#source !== source) return;
      if (reachable) this.start();
      else this.#tryAgain(source);
    }, retryMs);
  }

  #tell(event: LiveEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export const live = new Live();
