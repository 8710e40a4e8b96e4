/**
 * A worker that is revoked, deleted, locked or got another key loses its live
 * session within seconds. Announcements say whose row to look at; a slow look
 * at all sessions is the truth.
 */
import { toError, type Clock, type Logger } from '@longshore/base';

import type { AgentSession } from '../app/ports/agents.ts';
import type { Store } from '../app/ports/store.ts';
import type { Worker } from '../domain/worker.ts';
import { REVOCATION_GATHER_MS, REVOCATION_GOODBYE_MS, REVOCATION_RESCAN_MS } from '../limits.ts';
import type { SessionDirectory } from './directory.ts';

export interface RevocationOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  directory: SessionDirectory;
  /** Cuts the connections of these agents. */
  cut: (agentIds: ReadonlySet<string>) => void;
}

export class Revocation {
  readonly #options: RevocationOptions;
  readonly #stops: (() => void)[];
  readonly #named = new Set<string>();
  #gathering = false;

  constructor(options: RevocationOptions) {
    this.#options = options;
    const { store, clock, directory } = options;
    this.#stops = [
      store.listen('trust', (id) => this.#name(id)),
      clock.every(REVOCATION_RESCAN_MS, () => {
        for (const session of directory.sessions()) this.#name(session.agentId);
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** What is named in one breath is read in one transaction. */
  #name(id: string): void {
    const { clock, directory, logger } = this.#options;
    if (directory.session(id) === undefined) return;
    this.#named.add(id);
    if (this.#gathering) return;
    this.#gathering = true;
    clock.after(REVOCATION_GATHER_MS, () => {
      this.#gathering = false;
      this.#judge().catch((thrown: unknown) =>
        logger.error('looking for revoked workers failed', { error: toError(thrown) }),
      );
    });
  }

  async #judge(): Promise<void> {
    const { store, directory, clock, cut } = this.#options;
    const ids = [...this.#named];
    this.#named.clear();
    const workers = await store.read(async (tx) => {
      const found: [string, Worker | undefined][] = [];
      for (const id of ids) found.push([id, await tx.workers.find(id)]);
      return found;
    });
    const gone = new Set<string>();
    for (const [id, worker] of workers) {
      const session = directory.session(id);
      if (session !== undefined && this.#ends(session, worker)) gone.add(id);
    }
    // A peer that does not heed a goodbye loses its connection.
    if (gone.size > 0) clock.after(REVOCATION_GOODBYE_MS, () => cut(gone));
  }

  #ends(session: AgentSession, worker: Worker | undefined): boolean {
    if (worker === undefined) session.close('deregistered', 'this worker was deleted');
    else if (worker.revoked) session.close('revoked', 'this worker was revoked');
    else if (worker.locked !== '') session.close('locked', worker.locked);
    else return false;
    this.#options.logger.warn('a session was ended, for its worker is no longer trusted', {
      workerId: session.agentId,
    });
    return true;
  }
}
