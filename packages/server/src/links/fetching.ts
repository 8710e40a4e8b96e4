/**
 * Output that is asked of an agent once more: question by question, so that no
 * more than one frame of it is under way for an attempt.
 */
import { AppError } from '@longshore/base';
import type { OutputAgain, ServerFrame } from '@longshore/protocol/gen/longshore/link/v1/link';

interface Asked {
  offset: number;
  resolve: (records: Buffer | null) => void;
  reject: (error: Error) => void;
}

export class Fetching {
  readonly #send: (frame: ServerFrame) => void;
  readonly #asked = new Map<string, Asked>();
  #over = false;

  constructor(send: (frame: ServerFrame) => void) {
    this.#send = send;
  }

  /** @returns null when the agent does not have it any more @throws AppError `unavailable` when the session ends, `conflict` when it is asked already */
  async fetch(attemptId: string, { from, to }: { from: number; to: number }): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    for (let at = from; at < to;) {
      const records = await this.#ask(attemptId, { from: at, to });
      if (records === null || records.length === 0 || at + records.length > to) return null;
      parts.push(records);
      at += records.length;
    }
    return Buffer.concat(parts);
  }

  take({ attemptId, offset, records, gone }: OutputAgain): void {
    const asked = this.#asked.get(attemptId);
    if (asked?.offset !== offset) return;
    this.#asked.delete(attemptId);
    asked.resolve(gone ? null : records);
  }

  /** The session is over. */
  end(): void {
    this.#over = true;
    for (const [attemptId, asked] of this.#asked) asked.reject(noSession(attemptId));
    this.#asked.clear();
  }

  #ask(attemptId: string, { from, to }: { from: number; to: number }): Promise<Buffer | null> {
    if (this.#over) return Promise.reject(noSession(attemptId));
    if (this.#asked.has(attemptId))
      return Promise.reject(
        new AppError('conflict', `output of attempt ${attemptId} is being asked for already`),
      );
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
    this.#asked.set(attemptId, { offset: from, resolve, reject });
    this.#send({ kind: { $case: 'outputWanted', value: { attemptId, from, to } } });
    return promise;
  }
}

function noSession(attemptId: string): AppError {
  return new AppError(
    'unavailable',
    `asking for output of attempt ${attemptId}: the session with its agent is over`,
  );
}
