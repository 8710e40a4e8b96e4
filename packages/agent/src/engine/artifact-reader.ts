/** Reads one artifact in chunks; the last one carries the SHA-256 of the whole, and an unreadable file is told as such. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

import { toError } from '@longshore/base';
import type { ArtifactChunk } from '@longshore/protocol/gen/longshore/link/v1/link';

import { artifactFile } from '../contract/workspace.ts';

export class ArtifactReader {
  readonly #file: string;
  readonly #id: { attemptId: string; index: number };
  #fd: number | undefined;
  #hash: Hash = createHash('sha256');
  #hashedTo = 0;

  constructor(folder: string, id: { attemptId: string; index: number }) {
    this.#file = artifactFile(folder, id.index);
    this.#id = id;
  }

  read(offset: number, limit: number): ArtifactChunk {
    try {
      this.#fd ??= openSync(this.#file, 'r');
      const { size } = fstatSync(this.#fd);
      this.#hashUpTo(offset);
      const content = this.#bytes(offset, Math.min(limit, Math.max(0, size - offset)));
      this.#hash.update(content);
      this.#hashedTo = offset + content.length;
      const last = this.#hashedTo >= size;
      const digest = last ? this.#hash.copy().digest() : Buffer.alloc(0);
      return { ...this.#id, offset, content, last, digest, error: '' };
    } catch (thrown) {
      const error = this.#reason() ?? `it could not be read: ${toError(thrown).message}`;
      return { ...this.#id, offset, content: Buffer.alloc(0), last: true, digest: Buffer.alloc(0), error };
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Taken up elsewhere than where it was left: what is before is hashed anew. */
  #hashUpTo(offset: number): void {
    if (offset === this.#hashedTo) return;
    this.#hash = createHash('sha256');
    for (let at = 0; at < offset;) {
      const bytes = this.#bytes(at, Math.min(1024 * 1024, offset - at));
      this.#hash.update(bytes);
      at += bytes.length;
    }
    this.#hashedTo = offset;
  }

  #bytes(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    const got = this.#fd === undefined ? 0 : readSync(this.#fd, buffer, 0, length, offset);
    if (got < length) throw new Error(`it ended at ${offset + got}`);
    return buffer;
  }

  #reason(): string | undefined {
    try {
      return readFileSync(`${this.#file}.error`, 'utf8').trim();
    } catch {
      return undefined;
    }
  }
}
