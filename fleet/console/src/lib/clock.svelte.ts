import { createSubscriber } from 'svelte/reactivity';

const tick = createSubscriber((update) => {
  const timer = setInterval(update, 15_000);
  return () => clearInterval(timer);
});

/** The time now, ms; a template that reads it is redrawn every 15 s. */
export function now(): number {
  tick();
  return Date.now();
}
