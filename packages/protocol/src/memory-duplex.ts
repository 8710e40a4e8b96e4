/**
 * Two duplexes joined in memory, for tests: frames arrive in a later turn of
 * the event loop, in order, and the line can be cut or black-holed.
 */
import { AppError } from '@longshore/base';

import { Receiver, type DuplexEnd, type FrameDuplex } from './duplex.ts';

export interface MemoryLine<A, B> {
  /** Sends A, receives B. */
  left: FrameDuplex<A, B>;
  /** Sends B, receives A. */
  right: FrameDuplex<B, A>;
  /** Both ends see an error; what is under way is lost. */
  cut(): void;
  /** From now on nothing arrives, and nobody is told. */
  blackHole(): void;
}

export interface MemoryLineOptions<A, B> {
  /** Passes a frame through its wire form, so that both ends never share an object. */
  carryLeft?: (frame: A) => A;
  carryRight?: (frame: B) => B;
  /** Called for each frame that is about to arrive: a test's place to cut. */
  arriving?: (from: 'left' | 'right', frame: A | B) => void;
}

export function memoryLine<A, B>(options: MemoryLineOptions<A, B> = {}): MemoryLine<A, B> {
  const line = { holed: false };
  const left = new MemoryEnd<A, B>(line, options.carryLeft, (frame) => options.arriving?.('left', frame));
  const right = new MemoryEnd<B, A>(line, options.carryRight, (frame) => options.arriving?.('right', frame));
  left.peer = right;
  right.peer = left;
  return {
    left,
    right,
    cut: () => {
      const error = new AppError('unavailable', 'the line was cut');
      left.end({ reason: 'cut', error });
      right.end({ reason: 'cut', error });
    },
    blackHole: () => void (line.holed = true),
  };
}

class MemoryEnd<Out, In> implements FrameDuplex<Out, In> {
  readonly #receiver = new Receiver<In>();
  readonly #line: { holed: boolean };
  readonly #carry: (frame: Out) => Out;
  readonly #arriving: (frame: Out) => void;
  readonly closed: Promise<DuplexEnd>;
  readonly writable = true;
  peer: MemoryEnd<In, Out> | undefined;
  #ended = false;
  #resolveClosed!: (end: DuplexEnd) => void;

  constructor(
    line: { holed: boolean },
    carry: ((frame: Out) => Out) | undefined,
    arriving: (frame: Out) => void,
  ) {
    this.#line = line;
    this.#carry = carry ?? ((frame) => frame);
    this.#arriving = arriving;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  async send(frame: Out): Promise<void> {
    if (this.#ended) throw new AppError('unavailable', 'sending on a closed line');
    const carried = this.#carry(frame);
    setImmediate(() => {
      if (this.#line.holed) return;
      this.#arriving(carried);
      this.peer?.arrive(carried);
    });
  }

  receive(listener: (frame: In) => void): void {
    this.#receiver.listen(listener);
  }

  close(reason: string): void {
    if (this.#ended) return;
    // After what was sent: those frames are ahead in the queue of immediates.
    setImmediate(() => {
      if (!this.#line.holed) this.peer?.end({ reason });
    });
    this.end({ reason });
  }

  arrive(frame: In): void {
    if (!this.#ended) this.#receiver.deliver(frame);
  }

  end(end: DuplexEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver.end();
    this.#resolveClosed(end);
  }
}
