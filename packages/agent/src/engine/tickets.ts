/**
 * Session tickets, one for each server node, in `tickets.json`: what shows at
 * the next Hello that this disk is the one that was here last.
 *
 * Always true: a ticket is on disk before it is confirmed, or shown. Where the
 * disk is full the one before is kept, which the server takes as long as the
 * new one was not confirmed.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isDiskFull, isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

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

  /** @returns false when the disk is full: nothing changed */
  put(nodeId: string, ticket: Uint8Array): boolean {
    const text = Buffer.from(ticket).toString('base64');
    const temp = `${this.#file}.new`;
    try {
      writeFileSync(temp, JSON.stringify({ ...Object.fromEntries(this.#byNode), [nodeId]: text }), {
        mode: 0o600,
      });
      renameSync(temp, this.#file);
    } catch (thrown) {
      rmSync(temp, { force: true });
      if (!isDiskFull(thrown)) throw thrown;
      return false;
    }
    this.#byNode.set(nodeId, text);
    return true;
  }
}

const TICKETS: Shape<Record<string, string>> = shape.map(shape.text);

function read(file: string): Record<string, string> {
  try {
    return readJson(readFileSync(file, 'utf8'), TICKETS, `the session tickets in ${file}`);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return {};
    throw thrown;
  }
}
