/** The device address that an enrolment token carries (docs/wire.md), undefined when the text is no such token. Pure. */
export function addressIn(token: string): string | undefined {
  const packed = /^hale1\.([A-Za-z0-9_-]+)$/.exec(token.trim())?.[1];
  if (!packed) return undefined;
  try {
    const { u } = JSON.parse(atob(packed.replace(/-/g, '+').replace(/_/g, '/'))) as { u?: unknown };
    return typeof u === 'string' && u.startsWith('https://') ? u : undefined;
  } catch {
    return undefined;
  }
}
