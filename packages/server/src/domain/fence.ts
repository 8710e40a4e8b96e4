/** Whose command counts. Compares as (generation, n); a restored backup raises the store's generation. */
export interface Fence {
  generation: number;
  n: number;
}

/** Negative, zero or positive, as for sort. */
export function compareFences(a: Fence, b: Fence): number {
  return a.generation - b.generation || a.n - b.n;
}
