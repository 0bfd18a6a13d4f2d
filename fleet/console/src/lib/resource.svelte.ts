import { ApiError } from './api';

/** Something fetched: the last good data stays on screen while it is fetched again or when that fails. */
export class Resource<T> {
  data = $state.raw<T>();
  error = $state.raw<ApiError>();
  loading = $state(false);
  #running?: AbortController;

  /** Fetches; an earlier fetch that is still running is dropped. Resolves to true when new data came. */
  async load(fetcher: (signal: AbortSignal) => Promise<T>): Promise<boolean> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      const data = await fetcher(running.signal);
      if (running.signal.aborted) return false;
      this.data = data;
      this.error = undefined;
      return true;
    } catch (error) {
      if (running.signal.aborted) return false;
      this.error = error instanceof ApiError ? error : new ApiError('server', 0, String(error));
      return false;
    } finally {
      if (this.#running === running) this.loading = false;
    }
  }

  stop(): void {
    this.#running?.abort();
  }
}

/** Runs `action` once, `delay` ms after the last call but at most every `delay` ms: many live events become one fetch. */
export function gather(action: () => void, delay: number): { poke: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    poke() {
      timer ??= setTimeout(() => {
        timer = undefined;
        action();
      }, delay);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
