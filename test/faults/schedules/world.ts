/**
 * Time and chance of one random schedule: everything that happens stands in
 * one queue, ordered by its simulated time, and every random choice comes from
 * one seed. So a schedule that fails is replayed by its seed alone.
 */
interface Happening {
  at: number;
  n: number;
  fn: () => void;
}

export class World {
  now = 0;
  #n = 0;
  /** A binary heap by (at, n). */
  readonly #queue: Happening[] = [];
  #state: number;
  /** What happened, for the message of a failure. */
  readonly story: string[] = [];

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1): mulberry32, which is small and good enough to pick by. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.random() * from.length)];
    if (found === undefined) throw new Error('picking from nothing');
    return found;
  }

  after(ms: number, fn: () => void): void {
    this.#push({ at: this.now + ms, n: this.#n++, fn });
  }

  /** Runs what falls due until `end`, or until nothing is left. */
  run(end: number): void {
    while (this.step(end));
    this.now = Math.max(this.now, end);
  }

  /** One happening; false when nothing is left until `end`. What it set off in microtasks goes on before the next. */
  step(end: number): boolean {
    const next = this.#queue[0];
    if (next === undefined || next.at > end) return false;
    this.#pop();
    this.now = next.at;
    next.fn();
    return true;
  }

  tell(what: string): void {
    this.story.push(`${this.now} ${what}`);
  }

  #push(item: Happening): void {
    const queue = this.#queue;
    let i = queue.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(item, queue[parent]!)) break;
      queue[i] = queue[parent]!;
      i = parent;
    }
    queue[i] = item;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop()!;
    if (queue.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isBefore(queue[child + 1]!, queue[child]!)) child++;
      if (!isBefore(queue[child]!, last)) break;
      queue[i] = queue[child]!;
      i = child;
    }
    queue[i] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.n < b.n);
}
