/**
 * A text and a place in it. What can't be read is no exception but a `false` or
 * `undefined`, with the reason noted: whoever tried decides what comes of it.
 *
 * Constructs are read at most once for each offset (`once`): a construct that
 * fails within others, which fail with it, is not tried again when those have
 * become text. That keeps reading linear.
 */
import { DEEPEST_NESTING } from './limits.ts';
import type { Marker, Node } from './syntax.ts';
import { isWhite } from './white.ts';

export interface Failure {
  at: number;
  message: string;
  expected: string;
}

/** How the constructs are read that may stand within another: they are above what a path or an expression knows. */
export interface Within {
  /** The construct whose `#{` is here. */
  marker: (reader: Reader) => Marker | undefined;
  /** The block that begins here, to its end. */
  block: (reader: Reader) => Node | undefined;
}

const LETTER_OR_DIGIT = /^[\p{L}\p{Nd}]$/u;
const ASCII_NAME = /^[A-Za-z0-9_\-:/~()]$/;
const IS_ASCII_NAME = Array.from({ length: 128 }, (_, code) => ASCII_NAME.test(String.fromCharCode(code)));

/** Whether it may stand in a name, white space aside. */
export function isNameCharacter(codePoint: number): boolean {
  if (codePoint < 128) return IS_ASCII_NAME[codePoint] === true;
  return LETTER_OR_DIGIT.test(String.fromCodePoint(codePoint));
}

export class Reader {
  readonly text: string;
  at = 0;
  /** How many constructs are around, between whose #{ and } it reads. */
  depth = 0;
  /** How many blocks are open. */
  blocks = 0;
  /** Why the last thing could not be read. */
  failure: Failure = { at: 0, message: '', expected: '' };
  readonly within: Within;
  readonly #read = new Map<number, { value: unknown; end: number; failure: Failure }>();

  constructor(text: string, within: Within) {
    this.text = text;
    this.within = within;
  }

  /** Notes why; for whoever gives undefined for it. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- of the reading that fails
  fail<T>(message: string, expected: string, at = this.at): T | undefined {
    this.failure = { at, message, expected };
    return undefined;
  }

  /** What `read` makes of the text from here on; undefined if it can't, and then `at` is where it was. */
  once<T>(read: () => T | undefined): T | undefined {
    const start = this.at;
    const known = this.#read.get(start);
    if (known !== undefined) {
      this.at = known.end;
      this.failure = known.failure;
      return known.value as T | undefined;
    }
    const value = this.nested(read);
    if (value === undefined) this.at = start;
    // What stands in no other is not come back to.
    if (this.depth > 0) this.#read.set(start, { value, end: this.at, failure: this.failure });
    return value;
  }

  nested<T>(read: () => T | undefined): T | undefined {
    if (this.depth >= DEEPEST_NESTING)
      return this.fail(
        `More than ${DEEPEST_NESTING} constructs stand within one another`,
        'a variable for the inner part',
      );
    this.depth += 1;
    try {
      return read();
    } finally {
      this.depth -= 1;
    }
  }

  /** The code point here; -1 at the end. */
  peek(): number {
    return this.text.codePointAt(this.at) ?? -1;
  }

  sees(words: string): boolean {
    return this.text.startsWith(words, this.at);
  }

  take(words: string): boolean {
    if (!this.sees(words)) return false;
    this.at += words.length;
    return true;
  }

  skipWhite(): void {
    while (this.at < this.text.length && isWhite(this.text.charCodeAt(this.at))) this.at += 1;
  }

  /** A keyword with white space after it, which is taken too; in any case. */
  takeKeyword(word: string): boolean {
    const end = this.at + word.length;
    if (this.text.slice(this.at, end).toLowerCase() !== word) return false;
    if (end >= this.text.length || !isWhite(this.text.charCodeAt(end))) return false;
    this.at = end;
    this.skipWhite();
    return true;
  }

  /** The longest run of such characters, which may be empty. */
  takeWhile(fits: (codePoint: number) => boolean): string {
    const start = this.at;
    for (let code = this.peek(); code >= 0 && fits(code); code = this.peek())
      this.at += code > 0xffff ? 2 : 1;
    return this.text.slice(start, this.at);
  }
}
