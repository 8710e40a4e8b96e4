/**
 * Changes that arrive in one turn of the event loop share one transaction and
 * one durability wait.
 *
 * Always true: changes run one at a time, in the order in which they were
 * added. Effects (frames, events to followers) run after the commit is
 * durable, in order. What a change did to memory is undone, last first, when
 * its transaction is rolled back; then each change of a failed group is tried
 * alone, so that one bad change fails only itself. While the store is out (a
 * full disk, say) what people ask for is refused at once, and all else is held,
 * in order, until the store takes it: a pause, in which nothing is lost.
 */
import { toError, type Logger } from '@longshore/base';

import { CHANGES_IN_ONE_COMMIT } from '../../limits.ts';
import { StorageOut, type Store, type Tx } from '../ports/store.ts';

/** One transaction as its changes see it. */
export class Turn {
  readonly tx: Tx;
  readonly #effects: (() => void)[] = [];
  readonly #undos: (() => void)[] = [];
  readonly #waits: Promise<unknown>[] = [];
  readonly #last = new Map<string, () => Promise<void>>();
  readonly #veryLast = new Map<string, () => Promise<void>>();

  constructor(tx: Tx) {
    this.tx = tx;
  }

  /** Runs `effect` once this is durable. */
  after(effect: () => void): void {
    this.#effects.push(effect);
  }

  /** Effects wait for this too: for bytes that are on their way to another place than the database. */
  until(durable: Promise<unknown>): void {
    this.#waits.push(durable);
  }

  get waits(): readonly Promise<unknown>[] {
    return this.#waits;
  }

  /** Runs `undo` if this is rolled back: takes back what was done to memory. */
  undo(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** Runs `change` at the end of this transaction, once for each `key`. */
  atEnd(key: string, change: () => Promise<void>): void {
    this.#last.set(key, change);
  }

  /** Runs `write` after all that runs at the end, once for each `key`. */
  beforeCommit(key: string, write: () => Promise<void>): void {
    this.#veryLast.set(key, write);
  }

  async finish(): Promise<void> {
    for (const changes of [this.#last, this.#veryLast]) {
      for (const [key, change] of changes) {
        changes.delete(key);
        await change();
      }
    }
  }

  rollBack(): void {
    for (const undo of this.#undos.splice(0).reverse()) undo();
  }

  effects(logger: Logger): void {
    for (const effect of this.#effects) {
      try {
        effect();
      } catch (thrown) {
        logger.error('an effect of a commit failed', { error: toError(thrown) });
      }
    }
  }
}

interface Waiting {
  change: (turn: Turn) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: Error) => void;
  /** Somebody waits for the answer: better refused now than held. */
  hurried: boolean;
}

export interface BatchOptions {
  store: Store;
  logger: Logger;
  nextTurn: (fn: () => void) => void;
  /** Hears why a change failed for good. */
  failed?: (reason: Error) => void;
}

export class Batch {
  readonly #options: BatchOptions;
  readonly #waiting: Waiting[] = [];
  #running = false;
  #idle: Promise<void> = Promise.resolve();
  /** Why the store takes nothing, while changes are held for it. */
  #out: StorageOut | undefined;
  #holds = true;
  readonly #stopHolding = Promise.withResolvers<void>();

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what `change` returned, once it is durable and its effects have run. Held while the store is out,
   * unless it is hurried.
   *
   * @throws StorageOut when it is hurried
   */
  add<T>(change: (turn: Turn) => Promise<T>, { hurried = false } = {}): Promise<T> {
    if (hurried && this.#out !== undefined) return Promise.reject(this.#out);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ change, resolve: resolve as (value: unknown) => void, reject, hurried });
      if (this.#running) return;
      this.#running = true;
      this.#idle = new Promise((done) => {
        this.#options.nextTurn(() => void this.#drain().finally(done));
      });
    });
  }

  /** Nothing is held from now on, for this node stops: what was held is taken up by its next start. */
  stopHolding(): void {
    this.#holds = false;
    this.#stopHolding.resolve();
  }

  /** Resolves when nothing waits to be committed. */
  async idle(): Promise<void> {
    while (this.#running) await this.#idle;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, CHANGES_IN_ONE_COMMIT));
    this.#running = false;
  }

  /**
   * @param behind came after the group: held with it
   * @returns false when they are held
   */
  async #commit(group: Waiting[], behind: Waiting[] = []): Promise<boolean> {
    let turn: Turn | undefined;
    let done: { value: unknown[]; durable: Promise<void> };
    try {
      done = await this.#options.store.commit(async (tx) => {
        // PostgreSQL may ask for another try.
        turn?.rollBack();
        turn = new Turn(tx);
        const values: unknown[] = [];
        for (const { change } of group) values.push(await change(turn));
        await turn.finish();
        return values;
      });
    } catch (thrown) {
      turn?.rollBack();
      if (thrown instanceof StorageOut && this.#holds) {
        await this.#hold([...group, ...behind], thrown);
        return false;
      }
      const [only, ...more] = group;
      if (more.length === 0) {
        this.#options.failed?.(toError(thrown));
        only?.reject(toError(thrown));
      } else await this.#commitEach(group);
      return true;
    }
    const waits = turn?.waits ?? [];
    const durable = waits.length === 0 ? done.durable : Promise.all([done.durable, ...waits]);
    void durable.then(
      () => {
        turn?.effects(this.#options.logger);
        group.forEach(({ resolve }, i) => resolve(done.value[i]));
      },
      (thrown: unknown) => {
        for (const { reject } of group) reject(toError(thrown));
      },
    );
    return true;
  }

  async #commitEach(group: Waiting[]): Promise<void> {
    for (const [n, one] of group.entries()) if (!(await this.#commit([one], group.slice(n + 1)))) return;
  }

  /** Until the store has taken something again; it is the store that tries, with back-off. */
  async #hold(group: Waiting[], out: StorageOut): Promise<void> {
    const all = [...group, ...this.#waiting.splice(0)];
    this.#waiting.push(...all.filter(({ hurried }) => !hurried));
    for (const { hurried, reject } of all) if (hurried) reject(out);
    if (this.#waiting.length === 0) return;
    this.#out = out;
    this.#options.logger.warn('changes are held: the store takes nothing', {
      held: this.#waiting.length,
      error: out,
    });
    await Promise.race([this.#options.store.recovered(), this.#stopHolding.promise]);
    this.#out = undefined;
  }
}
