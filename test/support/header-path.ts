/**
 * The `:path` of an HTTP/2 header block (HPACK, RFC 7541). It is never put
 * into the dynamic table by the library that Node has (nghttp2), so it can be
 * read without the blocks before. Huffman codes are known here for the
 * characters of a gRPC path only.
 */

/** By the length of their codes, which count up from the first of 5 bits. */
const HUFFMAN: Readonly<Record<number, string>> = {
  5: '012aceiost',
  6: ' %-./3456789=A_bdfghlmnpru',
  7: ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz',
  8: '&*,;XZ',
};
const SHORTEST_CODE = 5;
const LONGEST_CODE = 8;
/** In the static table: `/` and `/index.html`; as a name they are the same. */
const PATH_INDEXES: readonly number[] = [4, 5];

/** @returns undefined when it has none (of trailers, say) @throws Error when it can't be read */
export function pathOf(block: Buffer): string | undefined {
  const reader = new Reader(block);
  while (!reader.ended) {
    const first = reader.peek();
    if (first >= 0x80) {
      const index = reader.number(7);
      if (PATH_INDEXES.includes(index)) return index === 4 ? '/' : '/index.html';
    } else if (first >= 0x20 && first < 0x40) {
      reader.number(5); // another size of the dynamic table
    } else {
      const index = reader.number(first >= 0x40 ? 6 : 4);
      const name = index === 0 ? reader.bytes().toString() : '';
      const value = reader.bytes();
      if (PATH_INDEXES.includes(index) || name === ':path') return value.toString();
    }
  }
  return undefined;
}

class Text {
  readonly #bytes: Buffer;
  readonly #coded: boolean;

  constructor(bytes: Buffer, coded: boolean) {
    this.#bytes = bytes;
    this.#coded = coded;
  }

  toString(): string {
    return this.#coded ? decoded(this.#bytes) : this.#bytes.toString('latin1');
  }
}

class Reader {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get ended(): boolean {
    return this.#at >= this.#block.length;
  }

  peek(): number {
    return this.#block.readUInt8(this.#at);
  }

  /** In so many bits of this byte, or in the bytes that follow. */
  number(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#block.readUInt8(this.#at++) & most;
    if (value < most) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#block.readUInt8(this.#at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  bytes(): Text {
    const coded = this.peek() >= 0x80;
    const length = this.number(7);
    const bytes = this.#block.subarray(this.#at, this.#at + length);
    this.#at += length;
    return new Text(bytes, coded);
  }
}

function decoded(bytes: Buffer): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const character = CODES.get(length * 256 + code);
      if (character !== undefined) {
        text += character;
        code = length = 0;
      } else if (length === LONGEST_CODE) {
        throw new Error(`a path that goes on with a strange character after ${JSON.stringify(text)}`);
      }
    }
  }
  return text;
}

const CODES = codes();

function codes(): Map<number, string> {
  const found = new Map<number, string>();
  let code = 0;
  for (let length = SHORTEST_CODE; length <= LONGEST_CODE; length++, code *= 2)
    for (const character of HUFFMAN[length] ?? '') found.set(length * 256 + code++, character);
  return found;
}
