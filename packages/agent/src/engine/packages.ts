/**
 * Agent packages on their way here: `<dataDir>/packages/<digest>`, asked for
 * piece by piece over the control stream, one piece at a time.
 *
 * Always true: a file under its digest's name is whole and has that digest;
 * one fetch at a time, the newest; a fetch that was cut goes on where it stood;
 * no more is kept than one package, and a part of one.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { toError } from '@longshore/base';
import { LARGEST_PACKAGE_BYTES } from '@longshore/protocol/agent-package';
import type { AgentFrame, PackageChunk } from '@longshore/protocol/gen/longshore/link/v1/link';

import { LONGEST_PACKAGE_CHUNK_BYTES } from '../limits.ts';

const DIGEST_BYTES = 32;

export interface Fetch {
  /** The attempt that needs it. */
  attemptId: string;
  digest: Buffer;
  /** Bytes. */
  length: number;
  here: (file: string) => void;
  failed: (why: string) => void;
}

interface Session {
  send(frame: AgentFrame): void;
}

export class Packages {
  readonly #folder: string;
  #under: (Fetch & { session: Session; offset: number }) | undefined;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'packages');
  }

  /** Answers by `here` or `failed`; by neither when the session ends first, or another fetch begins. */
  fetch(session: Session, fetch: Fetch): void {
    const { digest, length } = fetch;
    // The digest is to be the name of a file.
    if (digest.length !== DIGEST_BYTES || length < 1 || length > LARGEST_PACKAGE_BYTES) {
      fetch.failed(`no agent package has a digest of ${digest.length} bytes and a length of ${length}`);
      return;
    }
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#removeOthers(digest);
      if (sizeOf(this.#file(digest)) === length) {
        fetch.here(this.#file(digest));
        return;
      }
      const part = this.#part(digest);
      if (sizeOf(part) > length) rmSync(part);
      this.#under = { ...fetch, session, offset: sizeOf(part) };
      this.#go();
    } catch (thrown) {
      fetch.failed(`the agent package could not be stored: ${toError(thrown).message}`);
    }
  }

  take({ digest, offset, content, error }: PackageChunk): void {
    const under = this.#under;
    // Of a fetch before, or sent twice.
    if (under === undefined || !under.digest.equals(digest) || offset !== under.offset) return;
    try {
      if (error !== '') throw new Error(error);
      if (content.length === 0 || content.length > LONGEST_PACKAGE_CHUNK_BYTES)
        throw new Error(`a piece of ${content.length} bytes came at ${offset} of ${under.length}`);
      appendFileSync(this.#part(digest), content, { mode: 0o600 });
      under.offset += content.length;
      this.#go();
    } catch (thrown) {
      this.#under = undefined;
      under.failed(`the agent package could not be fetched: ${toError(thrown).message}`);
    }
  }

  /** Nobody needs it any more. */
  forget(attemptId: string): void {
    if (this.#under?.attemptId === attemptId) this.#under = undefined;
  }

  #go(): void {
    const under = this.#under;
    if (under === undefined) return;
    const { digest, offset, length, session } = under;
    if (offset < length) {
      session.send({ kind: { $case: 'packageWanted', value: { digest, offset } } });
      return;
    }
    this.#under = undefined;
    const part = this.#part(digest);
    const found = createHash('sha256').update(readFileSync(part)).digest();
    if (!found.equals(digest)) {
      rmSync(part);
      under.failed(`the agent package that came has SHA-256 ${found.toString('hex')}`);
      return;
    }
    renameSync(part, this.#file(digest));
    under.here(this.#file(digest));
  }

  /** Of fetches before: what was given up, and what failed. */
  #removeOthers(digest: Buffer): void {
    const own = digest.toString('hex');
    for (const name of readdirSync(this.#folder))
      if (!name.startsWith(own)) rmSync(join(this.#folder, name), { force: true });
  }

  #file(digest: Buffer): string {
    return join(this.#folder, digest.toString('hex'));
  }

  #part(digest: Buffer): string {
    return `${this.#file(digest)}.part`;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
