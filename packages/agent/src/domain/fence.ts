/** Whose command counts: the same rule as the server's. Compares as (generation, n). */
export interface Fence {
  generation: number;
  n: number;
}

/** Negative, zero or positive, as for sort. */
export function compareFences(a: Fence, b: Fence): number {
  return a.generation - b.generation || a.n - b.n;
}

/** A command is obeyed unless a higher fence was seen for its attempt. */
export function isStale(given: Fence, stored: Fence): boolean {
  return compareFences(given, stored) < 0;
}
