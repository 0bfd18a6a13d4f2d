/** What a browser remembers of its user's taste. Storage may be forbidden: then nothing is remembered, and nothing breaks. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`hale.${name}`);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`hale.${name}`, value);
  } catch {
    // Private mode or a policy: the choice lasts until the page is closed.
  }
}
