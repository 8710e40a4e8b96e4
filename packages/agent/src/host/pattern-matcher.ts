/**
 * Finds every occurrence of every pattern of a set in a stream of bytes that
 * comes in pieces, and hands the bytes on with each run of overlapping
 * occurrences replaced. The time is linear in the bytes, whatever they are.
 *
 * Always true between two calls:
 * - `#held` are the last bytes seen, from the first place where a pattern may
 *   still be under way; all before it is handed on;
 * - a pattern in `#running` matches the last `matched` bytes seen, at least a
 *   window of them, and it alone answers for its pattern until it gives up;
 * - positions (`#next`, `#skipUntil`, the found) count from the first held byte.
 */
import { HeldBytes } from './held-bytes.ts';
import type { PatternSet } from './patterns.ts';

export type Emit = (bytes: Buffer) => void;

/** A comparison that went this far goes on as an automaton, so that no byte is compared again and again. */
const LONG_COMPARISON = 64;

interface Running {
  pattern: number;
  /** 0: it has given up, and starts before `coveredUntil` are known not to match. */
  matched: number;
  coveredUntil: number;
}

export class PatternMatcher {
  readonly #set: PatternSet;
  readonly #replacement: Buffer;
  readonly #held = new HeldBytes();
  readonly #running = new Map<number, Running>();
  #version = 0;
  /** Where the next window ends. */
  #next = 0;
  /** Bytes before this belong to an occurrence that is replaced already. */
  #skipUntil = 0;
  /** Occurrences not yet handed on, as [start, end]. */
  #found: [number, number][] = [];

  constructor(set: PatternSet, replacement: Buffer) {
    this.#set = set;
    this.#replacement = replacement;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  /** What is handed to `emit` is valid only during the call. */
  push(bytes: Buffer, emit: Emit): void {
    if (bytes.length === 0) return;
    if (this.#set.isEmpty) {
      emit(bytes);
      return;
    }
    const seen = this.#held.length;
    const data = seen === 0 ? bytes : this.#held.append(bytes);
    if (this.#version !== this.#set.version) {
      this.#version = this.#set.version;
      this.#next = this.#set.window - 1;
    }
    for (const running of this.#running.values()) {
      if (running.matched > 0) this.#run(running, data, seen);
    }
    this.#scan(data);
    const hold = this.#firstUndecided(data);
    this.#emitUpTo(hold, data, emit);
    this.#keepFrom(hold, data, seen === 0);
  }

  /** What was held can't become an occurrence any more. */
  end(emit: Emit): void {
    const data = this.#held.bytes();
    this.#emitUpTo(data.length, data, emit);
    this.#held.clear();
    this.#running.clear();
    this.#skipUntil = 0;
    this.#next = this.#set.window - 1;
  }

  #scan(data: Buffer): void {
    const { shift, window } = this.#set;
    const length = data.length;
    let end = this.#next;
    while (end < length) {
      const block = ((data[end - 1] as number) << 8) | (data[end] as number);
      const distance = shift[block] as number;
      if (distance === 0) {
        this.#tryAt(end - window + 1, block, data);
        end += 1;
      } else {
        end += distance;
      }
    }
    this.#next = end;
  }

  #tryAt(start: number, block: number, data: Buffer): void {
    for (const index of this.#set.endingIn(block)) {
      const running = this.#running.get(index);
      if (running !== undefined && (running.matched > 0 || start < running.coveredUntil)) continue;
      const pattern = this.#set.patterns[index] as Buffer;
      const limit = Math.min(pattern.length, data.length - start);
      let k = 0;
      while (k < limit && data[start + k] === pattern[k]) k += 1;
      const whole = k === pattern.length;
      if (whole) this.#found.push([start, start + k]);
      const undecided = !whole && start + k === data.length;
      if (!undecided && k < LONG_COMPARISON) continue;
      const run: Running = { pattern: index, coveredUntil: 0, matched: k };
      if (whole) run.matched = this.#set.failure(index)[k] as number;
      this.#running.set(index, run);
      this.#run(run, data, start + k);
    }
  }

  /** The automaton of one pattern over `data` from `at`, until it gives up or the data ends. */
  #run(running: Running, data: Buffer, at: number): void {
    const pattern = this.#set.patterns[running.pattern] as Buffer;
    const { window } = this.#set;
    const failure = at < data.length ? this.#set.failure(running.pattern) : undefined;
    let k = running.matched;
    let position = at;
    while (failure !== undefined && k >= window && position < data.length) {
      const byte = data[position];
      while (k > 0 && pattern[k] !== byte) k = failure[k] as number;
      if (pattern[k] === byte) k += 1;
      position += 1;
      if (k === pattern.length) {
        this.#found.push([position - k, position]);
        k = failure[k] as number;
      }
    }
    // Below a window it is the scan that finds the start again.
    running.matched = k >= window ? k : 0;
    running.coveredUntil = position - k;
  }

  #firstUndecided(data: Buffer): number {
    let hold = data.length;
    for (const running of this.#running.values()) {
      if (running.matched > 0) hold = Math.min(hold, data.length - running.matched);
    }
    for (let start = Math.max(0, this.#next - this.#set.window + 1); start < hold; start += 1) {
      if (this.#set.beginsAt(data, start)) return start;
    }
    return hold;
  }

  #emitUpTo(hold: number, data: Buffer, emit: Emit): void {
    let at = this.#skipUntil;
    if (this.#found.length > 0) {
      this.#found.sort((a, b) => a[0] - b[0]);
      let used = 0;
      for (const [start, end] of this.#found) {
        if (start >= hold) break;
        used += 1;
        if (start >= this.#skipUntil) {
          if (start > at) emit(data.subarray(at, start));
          emit(this.#replacement);
        }
        this.#skipUntil = Math.max(this.#skipUntil, end);
        at = this.#skipUntil;
      }
      this.#found.splice(0, used);
    }
    if (at < hold) emit(at === 0 && hold === data.length ? data : data.subarray(at, hold));
  }

  #keepFrom(hold: number, data: Buffer, foreign: boolean): void {
    if (foreign) this.#held.set(data, hold);
    else this.#held.drop(hold);
    this.#next = Math.max(this.#next - hold, this.#set.window - 1);
    this.#skipUntil = Math.max(0, this.#skipUntil - hold);
    for (const found of this.#found) {
      found[0] -= hold;
      found[1] -= hold;
    }
    for (const running of this.#running.values()) {
      running.coveredUntil -= hold;
      if (running.matched === 0 && running.coveredUntil <= 0) this.#running.delete(running.pattern);
    }
  }
}
