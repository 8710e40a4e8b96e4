/**
 * Dials every listening agent of the database, one loop an agent:
 *
 *   waiting (redial.ts) ─▶ dialling ──▶ session ─┐
 *        ▲                    │ failed           │ ended
 *        └────────────────────┴──────────────────┘
 *
 * The loops follow the workers' rows: announcements wake, a slow re-reading
 * is the truth. A server never dials through an HTTP proxy.
 */
import { sleep, toError, type Clock, type Logger } from '@longshore/base';
import { parseAddress } from '@longshore/protocol/address';
import { channelCredentials, channelOptions } from '@longshore/protocol/credentials';
import type { AgentDataFrame, ServerDataFrame } from '@longshore/protocol/gen/longshore/link/v1/link';
import { AgentHostClient } from '@longshore/protocol/gen/longshore/link/v1/link';
import type { FrameDuplex } from '@longshore/protocol/duplex';
import { serverDataDuplex, serverLinkDuplex } from '@longshore/protocol/grpc-duplex';
import type { SessionEnd } from '@longshore/protocol/session';
import { untimelyCertificateAt } from '@longshore/protocol/peer-chain';
import { isAboutValidity } from '@longshore/protocol/validity';

import type { Store } from '../app/ports/store.ts';
import type { Worker } from '../domain/worker.ts';
import { DIALS_BEGUN_IN_A_TURN, WORKER_RESCAN_MS, WORKER_RESCAN_PAUSE_MS } from '../limits.ts';
import type { ServerAuthority } from './authority.ts';
import type { ServeSession } from './connection.ts';
import { renewListeningAgent } from './listening-renewal.ts';
import { Redial } from './redial.ts';
import { Turns } from './turns.ts';

export interface DiallerOptions {
  store: Store;
  authority: ServerAuthority;
  serve: ServeSession<SessionEnd>;
  clock: Clock;
  logger: Logger;
}

interface Dialled {
  address: string;
  keyFingerprint: string;
  abort: AbortController;
  done: Promise<void>;
}

export class Dialler implements AsyncDisposable {
  readonly #options: DiallerOptions;
  readonly #dialled = new Map<string, Dialled>();
  /** Loops between two tries. */
  #away = 0;
  readonly #stops: (() => void)[] = [];
  #scan: Promise<void> = Promise.resolve();
  readonly #turns = new Turns(DIALS_BEGUN_IN_A_TURN);
  #scanAsked = false;
  #stopPause: (() => void) | undefined;
  #closed = false;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  start(): void {
    const { store, clock } = this.#options;
    const rescan = (): void => {
      // Thousands of workers may change at once, and each look is at all of them.
      if (this.#scanAsked) return;
      this.#scanAsked = true;
      this.#stopPause = clock.after(WORKER_RESCAN_PAUSE_MS, () => {
        this.#scanAsked = false;
        this.#scan = this.#scan.then(() => this.#follow());
      });
    };
    this.#stops.push(store.listen('worker', rescan), clock.every(WORKER_RESCAN_MS, rescan));
    this.#scan = this.#follow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#stopPause?.();
    await this.#scan;
    const ended = [...this.#dialled.keys()].map((id) => this.#stop(id));
    await Promise.all(ended);
  }

  async #follow(): Promise<void> {
    if (this.#closed) return;
    const { store, logger } = this.#options;
    let workers: Worker[];
    try {
      workers = await store.read((tx) => tx.workers.listening());
    } catch (thrown) {
      logger.error('reading the listening workers failed', { error: toError(thrown) });
      return;
    }
    const wanted = new Map(workers.filter((worker) => !worker.revoked).map((worker) => [worker.id, worker]));
    for (const [id, dialled] of this.#dialled) {
      const worker = wanted.get(id);
      if (worker?.address !== dialled.address || worker.keyFingerprint !== dialled.keyFingerprint)
        void this.#stop(id);
    }
    for (const worker of wanted.values()) if (!this.#dialled.has(worker.id)) this.#start(worker);
  }

  #start(worker: Worker): void {
    const abort = new AbortController();
    const done = this.#loop(worker, abort.signal);
    this.#dialled.set(worker.id, {
      address: worker.address,
      keyFingerprint: worker.keyFingerprint,
      abort,
      done,
    });
  }

  #stop(id: string): Promise<void> {
    const dialled = this.#dialled.get(id);
    this.#dialled.delete(id);
    dialled?.abort.abort();
    return dialled?.done ?? Promise.resolve();
  }

  async #loop(worker: Worker, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const logger = this.#options.logger.child({ workerId: worker.id, address: worker.address });
    const redial = new Redial(clock);
    while (!signal.aborted) {
      await this.#turns.next();
      const began = clock.monotonic();
      const end = await this.#session(worker, signal).catch((thrown: unknown) => {
        logger.warn('dialling an agent failed', { error: toError(thrown).message });
        return undefined;
      });
      this.#away += 1;
      const wait = redial.after(end, clock.monotonic() - began, this.#away);
      await sleep(clock, wait, { signal }).catch(() => undefined);
      this.#away -= 1;
    }
  }

  /** One connection: a channel of its own, and another for bulk when it is asked for. */
  async #session(worker: Worker, signal: AbortSignal): Promise<SessionEnd> {
    const { authority, serve, logger } = this.#options;
    const { id, address, keyFingerprint } = worker;
    const credentials = channelCredentials(
      authority.certificatePem,
      { role: 'agent', id, keyFingerprint },
      authority.own,
    );
    const control = new AgentHostClient(address, credentials, channelOptions('direct'));
    const duplex = serverLinkDuplex(control.link());
    const stop = (): void => duplex.close('this worker is not dialled any more');
    signal.addEventListener('abort', stop, { once: true });
    const openData = (): FrameDuplex<ServerDataFrame, AgentDataFrame> => {
      const bulk = new AgentHostClient(address, credentials, channelOptions('direct'));
      const data = serverDataDuplex(bulk.data());
      void data.closed.then(() => bulk.close());
      return data;
    };
    void duplex.closed.then(({ error }) => {
      if (error !== undefined && /self-signed certificate|certificate has expired/.test(error.message)) {
        void renewListeningAgent(worker, authority, logger);
      }
      if (error !== undefined && isAboutValidity(error.message))
        void untimelyCertificateAt(parseAddress(address, 'address')).then(
          (why) =>
            logger.warn('an agent was refused', { workerId: id, address, error: why ?? error.message }),
          () => undefined,
        );
    });
    try {
      return await serve({
        duplex,
        data: { kind: 'dial', open: openData },
        peer: { role: 'agent', id, keyFingerprint },
      });
    } finally {
      signal.removeEventListener('abort', stop);
      duplex.close('the session ended');
      control.close();
    }
  }
}
