/** Lets so many go in each turn of the event loop: thousands of agents are dialled at a start, and the loop must turn meanwhile. */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #asked = false;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Resolves when it is this caller's turn, in the order of the calls. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#asked || this.#waiting.length === 0) return;
    this.#asked = true;
    setImmediate(() => {
      this.#asked = false;
      for (const go of this.#waiting.splice(0, this.#atOnce)) go();
      this.#ask();
    });
  }
}
