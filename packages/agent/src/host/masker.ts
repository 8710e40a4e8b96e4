/**
 * Replaces secrets by `********` in an attempt's output, before a byte of it
 * reaches the spool. What is looked for is in mask-forms.ts, how in
 * pattern-matcher.ts.
 *
 * Always true: no byte that may belong to a secret is handed on before that is
 * decided, and no time-out decides it; if masking fails, the stream is
 * withheld from there on, and says so.
 */
import { maskForms } from './mask-forms.ts';
import { type Emit, PatternMatcher } from './pattern-matcher.ts';
import { PatternSet, SHORTEST_PATTERN_BYTES } from './patterns.ts';

const MASK = Buffer.from('********');
const WITHHELD = Buffer.from('\n[output withheld: masking of secrets failed]\n');

/** A value under this many bytes stands in so much text that masking it would destroy the log; it is not masked. */
export const SHORTEST_SECRET_BYTES = SHORTEST_PATTERN_BYTES;

/** `tooShort`: the value is not masked, and whoever gave it should be told (never with the value). */
export type Added = 'masked' | 'tooShort' | 'empty';

export interface MaskStream {
  /** Bytes seen and not yet handed on. */
  readonly heldBytes: number;
  /** What is handed to `emit` is valid only during the call: `bytes` themselves, or parts of them, where nothing is masked. */
  push(bytes: Buffer, emit: Emit): void;
  /** The stream has ended: hands on what was held. */
  end(emit: Emit): void;
}

export interface Masker {
  /** Counts from now on in all streams, also in the bytes that they hold. */
  add(value: string): Added;
  /** One for each stream: occurrences are looked for within a stream. */
  stream(): MaskStream;
}

/** @param onFailure is told once for each stream that had to be withheld */
export function createMasker(
  secrets: Iterable<string>,
  onFailure: (error: unknown) => void = () => undefined,
): Masker {
  // The tables are 64 KiB: an attempt without secrets has none.
  let set: PatternSet | undefined;
  const add = (value: string): Added => {
    const length = Buffer.byteLength(value);
    if (length === 0) return 'empty';
    if (length < SHORTEST_SECRET_BYTES) return 'tooShort';
    set ??= new PatternSet();
    for (const form of maskForms(value)) set.add(form);
    return 'masked';
  };
  for (const secret of secrets) add(secret);
  return { add, stream: () => new Stream(() => set, onFailure) };
}

class Stream implements MaskStream {
  readonly #set: () => PatternSet | undefined;
  readonly #onFailure: (error: unknown) => void;
  #matcher: PatternMatcher | undefined;
  #withheld = false;

  constructor(set: () => PatternSet | undefined, onFailure: (error: unknown) => void) {
    this.#set = set;
    this.#onFailure = onFailure;
  }

  get heldBytes(): number {
    return this.#matcher?.heldBytes ?? 0;
  }

  push(bytes: Buffer, emit: Emit): void {
    const set = this.#set();
    if (set === undefined) {
      emit(bytes);
      return;
    }
    this.#matcher ??= new PatternMatcher(set, MASK);
    this.#guarded(this.#matcher, emit, (matcher, shown) => matcher.push(bytes, shown));
  }

  end(emit: Emit): void {
    if (this.#matcher === undefined) return;
    this.#guarded(this.#matcher, emit, (matcher, shown) => matcher.end(shown));
  }

  /** An error of `emit` itself is the caller's, and passes; any other one is ours. */
  #guarded(matcher: PatternMatcher, emit: Emit, work: (matcher: PatternMatcher, emit: Emit) => void): void {
    if (this.#withheld) return;
    const fault: { of: 'us' | 'caller' } = { of: 'us' };
    try {
      work(matcher, (bytes) => {
        fault.of = 'caller';
        emit(bytes);
        fault.of = 'us';
      });
    } catch (error) {
      this.#withheld = true;
      if (fault.of === 'caller') throw error;
      this.#onFailure(error);
      emit(WITHHELD);
    }
  }
}
