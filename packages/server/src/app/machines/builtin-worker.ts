/**
 * The built-in worker: an agent of its own on the server's machine, which
 * serves the default pool while that has no worker (domain/placement.ts). It
 * is started once, goes on when the server stops, and is adopted by the next
 * start. The server itself runs no script.
 *
 *   unregistered ──one-time token──▶ registered ──start──▶ running ──ends──▶ registered
 *   running ──switched off──▶ takes nothing more ──idle──▶ off ──switched on──▶ running
 */
import { AppError, Backoff, toError, type Cancel, type Clock, type Ids, type Logger } from '@longshore/base';

import type { Worker } from '../../domain/worker.ts';
import { BUILTIN_LOOK_MS, BUILTIN_RESTART_LONGEST_MS, BUILTIN_TOKEN_LIFE_MS } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import type { BuiltInProcess } from '../ports/builtin-process.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Store } from '../ports/store.ts';

/** Who a built-in worker's token is by. It holds a slash, so no API key can have this name. */
export const BUILTIN_CREATOR = 'server/built-in';

/** Its name, unless another worker has it. */
const BUILTIN_NAME = 'Built-in worker';

export interface BuiltInWorkerParts {
  store: Store;
  clock: Clock;
  ids: Ids;
  secrets: Secrets;
  logger: Logger;
  process: BuiltInProcess;
  nodeId: string;
  spaceId: string;
  enabled: boolean;
}

export class BuiltInWorker {
  readonly #parts: BuiltInWorkerParts;
  readonly #backoff = new Backoff({ firstMs: BUILTIN_LOOK_MS, longestMs: BUILTIN_RESTART_LONGEST_MS });
  #round: Promise<void> = Promise.resolve();
  #stop: Cancel = () => undefined;
  #closed = false;

  constructor(parts: BuiltInWorkerParts) {
    this.#parts = parts;
  }

  /** Call when agents can connect. Returns at once: the server is ready without it, and keeps trying. */
  start(): void {
    this.#next();
  }

  /** The agent goes on without us. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stop();
    await this.#round;
  }

  #next(): void {
    this.#round = this.#bringAbout().then(
      (waitMs) => this.#again(waitMs),
      (thrown: unknown) => {
        this.#parts.logger.warn('the built-in worker could not be brought up', { error: toError(thrown) });
        this.#again(this.#backoff.next());
      },
    );
  }

  #again(waitMs: number | null): void {
    if (this.#closed || waitMs === null) return;
    this.#stop = this.#parts.clock.after(waitMs, () => this.#next());
  }

  /** @returns milliseconds until the next look; null: none */
  async #bringAbout(): Promise<number | null> {
    const { process, logger } = this.#parts;
    const worker = await this.#registered();
    if (!this.#parts.enabled) return this.#switchOff(worker);
    if (worker === undefined) await this.#register();
    else await this.#switchOn(worker);
    if (await process.running()) {
      this.#backoff.reset();
      return BUILTIN_LOOK_MS;
    }
    await process.start();
    logger.info('the built-in worker was started', { workerId: await process.registeredAs() });
    // A process that ends again and again is started ever more rarely.
    return this.#backoff.next();
  }

  async #registered(): Promise<Worker | undefined> {
    const id = await this.#parts.process.registeredAs();
    if (id === null) return undefined;
    const worker = await this.#parts.store.read((tx) => tx.workers.find(id));
    return worker?.mode === 'builtIn' && !worker.revoked ? worker : undefined;
  }

  async #register(): Promise<void> {
    const { store, clock, ids, secrets, process, spaceId, nodeId, logger } = this.#parts;
    const id = ids();
    const secret = secrets.make();
    const now = clock.now();
    const name = await this.#freeName(BUILTIN_NAME);
    await store.write((tx) =>
      tx.tokens.insert({
        spaceId,
        id,
        secretHash: secrets.hash(secret),
        poolIds: [],
        target: null,
        description: `For the built-in worker of ${nodeId}`,
        createdBy: BUILTIN_CREATOR,
        createdAt: now,
        expiresAt: now + BUILTIN_TOKEN_LIFE_MS,
        usedAt: null,
        usedBy: '',
      }),
    );
    try {
      if (await process.running()) await process.stop();
      await process.register({ token: await secrets.tokenText({ id, secret }), name });
      const token = await store.read((tx) => tx.tokens.find(id));
      if (token === undefined || token.usedBy === '') {
        throw new AppError('bug', `the built-in worker registered without its token ${id}`);
      }
      await process.remember(token.usedBy);
      logger.info('the built-in worker was registered', { workerId: token.usedBy });
    } finally {
      await store.write((tx) => tx.tokens.delete(spaceId, id));
    }
  }

  async #freeName(wanted: string): Promise<string> {
    return this.#parts.store.read(async (tx) => {
      let name = wanted;
      for (let n = 2; (await tx.workers.byName(this.#parts.spaceId, name)) !== undefined; n++)
        name = `${wanted} (${n})`;
      return name;
    });
  }

  /** It takes nothing more; what runs on it ends first. @returns milliseconds until the next look; null: it is off */
  async #switchOff(worker: Worker | undefined): Promise<number | null> {
    const { process, logger, store, spaceId } = this.#parts;
    if (worker?.enabled === true) {
      await process.setSwitchedOff(true);
      await this.#setEnabled(worker, false);
    }
    const held = await store.read((tx) => tx.leases.held(spaceId));
    if (held.some(({ resource }) => resource.id === worker?.id)) {
      // Only its own agent can say what became of it.
      if (!(await process.running())) await process.start();
      return BUILTIN_LOOK_MS;
    }
    if (await process.running()) {
      await process.stop();
      logger.info('the built-in worker is switched off', { workerId: worker?.id });
    }
    return null;
  }

  /** Only what the option switched off: an operator's word stays. */
  async #switchOn(worker: Worker): Promise<void> {
    if (!(await this.#parts.process.switchedOff())) return;
    await this.#setEnabled(worker, true);
    await this.#parts.process.setSwitchedOff(false);
  }

  async #setEnabled({ id, spaceId }: Worker, enabled: boolean): Promise<void> {
    const { store, clock } = this.#parts;
    await store.write(async (tx) => {
      const worker = await tx.workers.get(spaceId, id);
      if (worker === undefined) return;
      await tx.workers.update({ ...worker, enabled });
      await record(
        tx,
        { spaceId, actor: 'server', clock },
        {
          action: 'worker.changed',
          subject: id,
          detail: { enabled },
        },
      );
      store.announce(tx, 'worker', id);
    });
  }
}
