/**
 * A stream of frames each way, whoever dialled: what a session stands on.
 *
 * Always true: frames arrive in the order sent; one side sends through one
 * object only; nothing arrives before `receive` was called, or after the end.
 */
export interface DuplexEnd {
  reason: string;
  /** Absent when one of the two sides closed it in order. */
  error?: Error;
}

export interface FrameDuplex<Out, In> {
  /** Resolves when there is room for more; rejects (`unavailable`) when the stream has ended. */
  send(frame: Out): Promise<void>;
  /** False while the last `send` waits for room. */
  readonly writable: boolean;
  /** Who gets the frames; a later call takes over from an earlier one. Frames that came before the first call are handed over in it. */
  receive(listener: (frame: In) => void): void;
  /** Ends it after what was sent; idempotent. */
  close(reason: string): void;
  /** Resolves once, whoever ended it. Never rejects. */
  readonly closed: Promise<DuplexEnd>;
}

/** Frames that come before anybody receives are held up to this count: a peer waits for a word of ours long before. */
const HELD_FRAMES_LIMIT = 256;

/** The receiving half of a duplex: holds what comes until there is a listener. */
export class Receiver<In> {
  #held: In[] = [];
  #listener: ((frame: In) => void) | undefined;
  #ended = false;

  /** @returns false when too much came before anybody listened */
  deliver(frame: In): boolean {
    if (this.#ended) return true;
    if (this.#listener !== undefined) this.#listener(frame);
    else if (this.#held.push(frame) > HELD_FRAMES_LIMIT) return false;
    return true;
  }

  listen(listener: (frame: In) => void): void {
    this.#listener = listener;
    const held = this.#held;
    this.#held = [];
    for (const frame of held) this.#listener(frame);
  }

  end(): void {
    this.#ended = true;
    this.#held = [];
  }
}
