/**
 * Artifacts as files. One that is being received is `ID.part`; it gets its
 * name when its length and digest are verified and its bytes are durable, so
 * that a file under that name is whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, isErrno, notFound } from '@longshore/base';

import { ARTIFACT_READ_BYTES } from '../limits.ts';
import { requireId } from './accept.ts';

interface Receiving {
  handle: FileHandle;
  length: number;
  /** Chunks of one artifact are written one after another. */
  tail: Promise<unknown>;
}

export class ArtifactFiles {
  readonly #directory: string;
  readonly #receiving = new Map<string, Promise<Receiving>>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Resolves with the length received. @throws AppError `conflict` when `offset` leaves a gap */
  async put(artifactId: string, offset: number, content: Uint8Array): Promise<number> {
    const whole = await sizeOf(this.#path(artifactId));
    if (whole !== undefined) return whole;
    const receiving = await this.#receive(artifactId);
    const written = receiving.tail.then(async () => {
      if (offset > receiving.length) {
        throw new AppError(
          'conflict',
          `artifact ${artifactId} at ${offset} leaves a gap: ${receiving.length} bytes are stored`,
          { detail: { length: receiving.length } },
        );
      }
      const fresh = content.subarray(Math.min(content.length, receiving.length - offset));
      for (let done = 0; done < fresh.length;) {
        done += (await receiving.handle.write(fresh, done, fresh.length - done, receiving.length + done))
          .bytesWritten;
      }
      receiving.length += fresh.length;
      return receiving.length;
    });
    receiving.tail = written.catch(() => undefined);
    return written;
  }

  /** Resolves with the length when it is durable under its name. Idempotent. @throws AppError `corrupt`, and forgets it, so that it is sent again */
  async finish(artifactId: string, digest: string): Promise<number> {
    const path = this.#path(artifactId);
    const whole = await sizeOf(path);
    if (whole !== undefined) return whole;
    const receiving = await this.#receive(artifactId);
    await receiving.tail;
    const found = await this.#digest(`${path}.part`);
    this.#receiving.delete(artifactId);
    if (found !== digest.toLowerCase()) {
      await receiving.handle.close();
      await rm(`${path}.part`, { force: true });
      throw new AppError(
        'corrupt',
        `the SHA-256 of artifact ${artifactId} (${receiving.length} bytes) differs from what its sender said`,
      );
    }
    await receiving.handle.datasync().finally(() => receiving.handle.close());
    await rename(`${path}.part`, path);
    const directory = await open(this.#directory, 'r');
    await directory.sync().finally(() => directory.close());
    return receiving.length;
  }

  async *read(artifactId: string): AsyncIterable<Buffer> {
    const path = this.#path(artifactId);
    if ((await sizeOf(path)) === undefined) throw notFound('artifact', artifactId);
    yield* createReadStream(path, { highWaterMark: ARTIFACT_READ_BYTES }) as AsyncIterable<Buffer>;
  }

  async close(): Promise<void> {
    for (const opening of this.#receiving.values()) {
      const receiving = await opening;
      await receiving.tail;
      await receiving.handle.close();
    }
    this.#receiving.clear();
  }

  #receive(artifactId: string): Promise<Receiving> {
    let receiving = this.#receiving.get(artifactId);
    if (receiving === undefined) {
      receiving = this.#openPart(artifactId);
      this.#receiving.set(artifactId, receiving);
      receiving.catch(() => this.#receiving.delete(artifactId));
    }
    return receiving;
  }

  async #openPart(artifactId: string): Promise<Receiving> {
    const path = `${this.#path(artifactId)}.part`;
    const handle = await open(path, (await sizeOf(path)) === undefined ? 'wx+' : 'r+', 0o600);
    return { handle, length: (await handle.stat()).size, tail: Promise.resolve() };
  }

  async #digest(path: string): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: ARTIFACT_READ_BYTES }))
      hash.update(chunk as Buffer);
    return hash.digest('hex');
  }

  #path(artifactId: string): string {
    return join(this.#directory, requireId(artifactId, 'an artifact'));
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}
