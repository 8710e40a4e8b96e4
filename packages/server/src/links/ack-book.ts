/**
 * Acknowledgements of one session: cumulative, and one frame an attempt for
 * all that became durable in one turn of the event loop.
 */
export class AckBook {
  readonly #send: (attemptId: string, offset: number, event: number) => void;
  readonly #acked = new Map<string, { offset: number; event: number }>();
  readonly #dirty = new Set<string>();
  #asked = false;

  constructor(send: (attemptId: string, offset: number, event: number) => void) {
    this.#send = send;
  }

  /** Where the agent was told to begin: nothing is said, but later acknowledgements count from here. */
  begin(attemptId: string, offset: number, event: number): void {
    this.#acked.set(attemptId, { offset, event });
  }

  /** Durably stored up to here; what is left out stays as it was. */
  advance(attemptId: string, to: { offset?: number; event?: number }): void {
    const { offset, event } = this.#acked.get(attemptId) ?? { offset: 0, event: 0 };
    this.#acked.set(attemptId, {
      offset: Math.max(offset, to.offset ?? 0),
      event: Math.max(event, to.event ?? 0),
    });
    this.#dirty.add(attemptId);
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => this.#flush());
  }

  has(attemptId: string): boolean {
    return this.#acked.has(attemptId);
  }

  of(attemptId: string): { offset: number; event: number } {
    return this.#acked.get(attemptId) ?? { offset: 0, event: 0 };
  }

  /** Nothing is acknowledged any more: the attempt is released. */
  forget(attemptId: string): void {
    this.#acked.delete(attemptId);
    this.#dirty.delete(attemptId);
  }

  #flush(): void {
    this.#asked = false;
    for (const attemptId of this.#dirty) {
      const { offset, event } = this.of(attemptId);
      this.#send(attemptId, offset, event);
    }
    this.#dirty.clear();
  }
}
