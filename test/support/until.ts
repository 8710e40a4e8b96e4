/** Waits for a condition, never for a time. */
const LOOK_AGAIN_MS = 20;

/**
 * The first value of `look` that is neither undefined nor false.
 *
 * @param what completes "waited in vain until …"
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 30_000, pauseMs = LOOK_AGAIN_MS } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
