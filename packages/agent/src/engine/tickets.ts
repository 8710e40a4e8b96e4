/**
 * Session tickets, one for each server node, in `tickets.json`: what shows at
 * the next Hello that this disk is the one that was here last.
 *
 * Always true: a ticket is on disk before it is confirmed.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AppError, isErrno } from '@longshore/base';

export class Tickets {
  readonly #file: string;
  readonly #byNode: Map<string, string>;

  /** @throws AppError `corrupt` when the file can't be read as tickets: to go on without would lock the identity */
  constructor(dataDir: string) {
    this.#file = join(dataDir, 'tickets.json');
    this.#byNode = new Map(Object.entries(read(this.#file)));
  }

  /** By node id; none yet of a node that this agent never had a session with. */
  all(): Record<string, Buffer> {
    return Object.fromEntries(
      [...this.#byNode].map(([nodeId, ticket]) => [nodeId, Buffer.from(ticket, 'base64')]),
    );
  }

  put(nodeId: string, ticket: Uint8Array): void {
    this.#byNode.set(nodeId, Buffer.from(ticket).toString('base64'));
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#byNode)), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function read(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return {};
    throw new AppError('corrupt', `reading the session tickets in ${file}`, { cause });
  }
}
