/**
 * Room for what requests may hold at once (bytes of bodies, downloads): in
 * all, and for each API key, so that one that holds what it has for long keeps
 * out nobody but itself.
 *
 * Always true: no more than `total` is taken, and no more than `ofAKey` by one
 * key; who waits gets its turn in the order of coming, but for those whose own
 * key has its share.
 */
import { AppError } from '@longshore/base';

export interface RoomLimits {
  total: number;
  ofAKey: number;
  /** Requests that may wait. */
  waiting: number;
}

/** Gives back what was taken. Idempotent. */
export type Release = () => void;

interface Waiting {
  key: string;
  amount: number;
  granted: (release: Release) => void;
}

export class Room {
  readonly #limits: RoomLimits;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #total = 0;

  constructor(limits: RoomLimits) {
    this.#limits = limits;
  }

  /**
   * Resolves when there is room, at once where there is some.
   *
   * @param amount at most the share of a key
   * @param signal aborted: it is not wanted any more
   * @throws AppError `tooMany` when too many wait, `cancelled` after the abort
   */
  take(key: string, amount: number, signal: AbortSignal): Promise<Release> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#fits(key, amount)) return Promise.resolve(this.#grant(key, amount));
    if (this.#waiting.size >= this.#limits.waiting)
      return Promise.reject(
        new AppError('tooMany', 'Too many requests wait for others that are as large; try again in a while'),
      );
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiting);
        reject(cancelled());
      };
      const waiting: Waiting = {
        key,
        amount,
        granted: (release) => {
          signal.removeEventListener('abort', leave);
          resolve(release);
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #fits(key: string, amount: number): boolean {
    const { total, ofAKey } = this.#limits;
    return this.#total + amount <= total && (this.#taken.get(key) ?? 0) + amount <= ofAKey;
  }

  #grant(key: string, amount: number): Release {
    this.#add(key, amount);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#add(key, -amount);
      this.#next();
    };
  }

  #add(key: string, amount: number): void {
    this.#total += amount;
    const taken = (this.#taken.get(key) ?? 0) + amount;
    if (taken === 0) this.#taken.delete(key);
    else this.#taken.set(key, taken);
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      const { key, amount, granted } = waiting;
      if (this.#fits(key, amount)) {
        this.#waiting.delete(waiting);
        granted(this.#grant(key, amount));
      } else if ((this.#taken.get(key) ?? 0) + amount <= this.#limits.ofAKey) {
        // It waits for all, not for its own key: smaller ones that came later must not overtake it for ever.
        return;
      }
    }
  }
}

function cancelled(): AppError {
  return new AppError('cancelled', 'The caller went away before its turn came');
}
