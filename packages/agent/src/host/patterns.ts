/**
 * The set of byte patterns that a matcher looks for, and the tables that let
 * it skip most bytes (Wu and Manber: from two bytes of the text one knows how
 * far the next possible end of a window can be).
 *
 * Always true: every pattern has at least `SHORTEST_PATTERN_BYTES`; `window`
 * is the length of the shortest one, at most `LONGEST_WINDOW`, and only
 * shrinks; an index given to a pattern never changes.
 */

/** With two-byte blocks a window of two could never be skipped. */
export const SHORTEST_PATTERN_BYTES = 3;

/** Beyond this a longer skip gains nothing, and the tail to look at grows. */
const LONGEST_WINDOW = 32;

export class PatternSet {
  readonly patterns: Buffer[] = [];
  /** Counts changes, so that a stream knows when to look at its held bytes again. */
  version = 0;
  window = LONGEST_WINDOW;
  /** For each block of two bytes (first << 8 | second): how far the window's end may move; 0 is a candidate. */
  readonly shift = new Uint8Array(0x10000);
  readonly #known = new Set<string>();
  /** Patterns by the block that ends their window. */
  readonly #byBlock = new Map<number, number[]>();
  /** The different windows, by first byte, for what a chunk's end leaves open. */
  readonly #byFirst = new Map<number, Buffer[]>();
  readonly #windows = new Set<string>();
  readonly #failures: (Int32Array | undefined)[] = [];

  get isEmpty(): boolean {
    return this.patterns.length === 0;
  }

  /** Adding one that is there already, or one that is too short, does nothing. */
  add(pattern: Buffer): void {
    if (pattern.length < SHORTEST_PATTERN_BYTES) return;
    const key = pattern.toString('latin1');
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.patterns.push(pattern);
    this.version += 1;
    if (this.patterns.length === 1 || pattern.length < this.window) {
      this.#rebuild(Math.min(pattern.length, LONGEST_WINDOW));
    } else {
      this.#enter(this.patterns.length - 1);
    }
  }

  /** Indexes of the patterns whose window ends in this block. */
  endingIn(block: number): readonly number[] {
    return this.#byBlock.get(block) ?? [];
  }

  /** Whether `data` from `start` to its end, less than a window, begins a pattern. */
  beginsAt(data: Buffer, start: number): boolean {
    const windows = this.#byFirst.get(data[start] as number);
    if (windows === undefined) return false;
    const length = data.length - start;
    return windows.some((window) => {
      let k = 1;
      while (k < length && window[k] === data[start + k]) k += 1;
      return k >= length;
    });
  }

  /**
   * For each length of a prefix, the longest proper prefix that it ends with
   * (Knuth, Morris and Pratt). Made when first asked for: few patterns need it.
   */
  failure(index: number): Int32Array {
    return (this.#failures[index] ??= failureOf(this.patterns[index] as Buffer));
  }

  #rebuild(window: number): void {
    this.window = window;
    this.shift.fill(window - 1);
    this.#byBlock.clear();
    this.#byFirst.clear();
    this.#windows.clear();
    for (let index = 0; index < this.patterns.length; index += 1) this.#enter(index);
  }

  #enter(index: number): void {
    const pattern = this.patterns[index] as Buffer;
    for (let end = 1; end < this.window; end += 1) {
      const block = ((pattern[end - 1] as number) << 8) | (pattern[end] as number);
      const distance = this.window - 1 - end;
      if (distance < (this.shift[block] as number)) this.shift[block] = distance;
      if (distance === 0) append(this.#byBlock, block, index);
    }
    const window = pattern.subarray(0, this.window);
    const key = window.toString('latin1');
    if (this.#windows.has(key)) return;
    this.#windows.add(key);
    append(this.#byFirst, pattern[0] as number, window);
  }
}

function failureOf(pattern: Buffer): Int32Array {
  const failure = new Int32Array(pattern.length + 1);
  let k = 0;
  for (let i = 1; i < pattern.length; i += 1) {
    while (k > 0 && pattern[k] !== pattern[i]) k = failure[k] as number;
    if (pattern[k] === pattern[i]) k += 1;
    failure[i + 1] = k;
  }
  return failure;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
