/** Attempts that never start here (again): denied, or released. Kept far longer than a Start can be late. */
export class Tombstones {
  readonly #at = new Map<string, number>();

  constructor(entries: Iterable<[id: string, at: number]> = []) {
    for (const [id, at] of entries) this.#at.set(id, at);
  }

  has(attemptId: string): boolean {
    return this.#at.has(attemptId);
  }

  /** @returns false when it stood already */
  add(attemptId: string, now: number): boolean {
    if (this.#at.has(attemptId)) return false;
    this.#at.set(attemptId, now);
    return true;
  }

  /** Forgets those older than `keptMs`; returns how many. */
  expire(age: (at: number) => number, keptMs: number): number {
    let count = 0;
    for (const [id, at] of this.#at) {
      if (age(at) <= keptMs) continue;
      this.#at.delete(id);
      count += 1;
    }
    return count;
  }

  /** Forgets so many of the oldest. */
  forgetOldest(count: number): void {
    let left = count;
    for (const id of this.#at.keys()) {
      if (left-- <= 0) return;
      this.#at.delete(id);
    }
  }

  entries(): Iterable<[string, number]> {
    return this.#at;
  }

  get size(): number {
    return this.#at.size;
  }
}
