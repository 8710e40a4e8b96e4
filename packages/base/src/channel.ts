/**
 * A bounded queue between a producer and one consumer. `push` waits while it
 * is full, so that nothing buffers without limit.
 */
export class Channel<T> implements AsyncIterable<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #ended: { error: Error | undefined } | undefined;
  #wakeConsumer: (() => void) | undefined;
  readonly #waitingProducers: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Resolves when there was room; false when the channel had ended, and the item was dropped. */
  async push(item: T): Promise<boolean> {
    while (this.#ended === undefined && this.#items.length >= this.#capacity) {
      await new Promise<void>((resolve) => this.#waitingProducers.push(resolve));
    }
    return this.offer(item);
  }

  /** Adds at once, over the capacity if need be; false when the channel had ended. */
  offer(item: T): boolean {
    if (this.#ended !== undefined) return false;
    this.#items.push(item);
    this.#wakeConsumer?.();
    return true;
  }

  get length(): number {
    return this.#items.length;
  }

  /** The consumer takes what is queued, then ends, or throws `error`. Idempotent: the first end counts. */
  end(error?: Error): void {
    this.#ended ??= { error };
    this.#wakeConsumer?.();
    for (const wake of this.#waitingProducers.splice(0)) wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#waitingProducers.shift()?.();
        yield item;
      } else if (this.#ended !== undefined) {
        if (this.#ended.error !== undefined) throw this.#ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wakeConsumer = resolve));
        this.#wakeConsumer = undefined;
      }
    }
  }
}
