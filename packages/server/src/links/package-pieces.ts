/**
 * Pieces of agent packages for one agent, which asks for one after the other.
 *
 * Always true: one is read at a time, and the next one no sooner than the
 * stream had room for it: an agent that asks and does not read makes this
 * process hold one.
 */
import { AppError } from '@longshore/base';
import type { PackageWanted, ServerFrame } from '@longshore/protocol/gen/longshore/link/v1/link';

import { PACKAGE_PIECES_WAITING } from '../limits.ts';

export interface PackagePiecesOptions {
  /** Some bytes of a package; undefined where there are none. */
  read: (digest: string, offset: number) => Promise<Uint8Array | undefined>;
  /** There is one. */
  wake: () => void;
  failed: (thrown: unknown) => void;
}

export class PackagePieces {
  readonly #options: PackagePiecesOptions;
  /** The first is being read, or is `#ready`. */
  readonly #wanted: PackageWanted[] = [];
  #ready: ServerFrame | undefined;

  constructor(options: PackagePiecesOptions) {
    this.#options = options;
  }

  /** @throws AppError `tooMany` */
  wanted(wanted: PackageWanted): void {
    if (this.#wanted.push(wanted) > PACKAGE_PIECES_WAITING)
      throw new AppError(
        'tooMany',
        `more than ${PACKAGE_PIECES_WAITING} pieces of agent packages are wanted at once`,
      );
    if (this.#wanted.length === 1) this.#read(wanted);
  }

  /** The next one, where it has been read: for the session, which asks when the stream has room. */
  next(): ServerFrame | undefined {
    const ready = this.#ready;
    if (ready === undefined) return undefined;
    this.#ready = undefined;
    this.#wanted.shift();
    const [following] = this.#wanted;
    if (following !== undefined) this.#read(following);
    return ready;
  }

  #read({ digest, offset }: PackageWanted): void {
    this.#options.read(digest.toString('hex'), offset).then((content) => {
      const error = content === undefined ? 'the server has no such agent package, or not so much of it' : '';
      const value = { digest, offset, content: Buffer.from(content ?? []), error };
      this.#ready = { kind: { $case: 'packageChunk', value } };
      this.#options.wake();
    }, this.#options.failed);
  }
}
