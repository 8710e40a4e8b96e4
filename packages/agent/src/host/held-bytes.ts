/**
 * Bytes kept between two pieces of a stream. Appending costs what is appended,
 * however much is held and however small the pieces are; what is held in the
 * end is let go of, so that a stream at rest keeps no memory.
 */

/** A buffer above this is given back when it runs empty. */
const KEPT_CAPACITY_BYTES = 4096;

export class HeldBytes {
  #storage: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** A view, valid until the next change. */
  bytes(): Buffer {
    return this.#storage.subarray(this.#start, this.#end);
  }

  /** All that is held, with `bytes` behind it: a view, valid until the next change. */
  append(bytes: Buffer): Buffer {
    const length = this.length + bytes.length;
    if (this.#end + bytes.length > this.#storage.length) this.#makeRoom(length);
    this.#end += bytes.copy(this.#storage, this.#end);
    return this.bytes();
  }

  /** Holds what follows `from` in `bytes`, which are not these bytes, and nothing else. */
  set(bytes: Buffer, from: number): void {
    this.clear();
    if (from < bytes.length) this.append(bytes.subarray(from));
  }

  /** Lets go of the first `count` bytes. */
  drop(count: number): void {
    this.#start += count;
    if (this.#start >= this.#end) this.clear();
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#storage.length > KEPT_CAPACITY_BYTES) this.#storage = Buffer.alloc(0);
  }

  /** Moving costs what is held, so it is done only when as much was let go of; else the room doubles. */
  #makeRoom(length: number): void {
    if (length <= this.#storage.length && this.#start >= this.length) {
      this.#storage.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, length * 2));
      this.#storage.copy(larger, 0, this.#start, this.#end);
      this.#storage = larger;
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}
