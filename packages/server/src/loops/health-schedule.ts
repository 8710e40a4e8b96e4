/**
 * Looks after workers' health: a session makes a worker healthy at once, one
 * that stays away becomes `unavailable` after a grace, and those connected are
 * checked as the machine policy says. Of several nodes that have a session
 * with a worker, the one whose claim the database takes asks for the check.
 */
import { toError, type Cancel, type Clock, type Logger } from '@longshore/base';

import { recordConnected, recordHealth } from '../app/health-record.ts';
import type { Health } from '../app/health.ts';
import type { HealthRecord } from '../app/ports/machines.ts';
import type { Store, Tx } from '../app/ports/store.ts';
import { checkDue, whenAway, whenConnected } from '../domain/health.ts';
import type { TaskState, TaskTarget } from '../domain/task.ts';
import type { Worker } from '../domain/worker.ts';
import {
  HEALTH_CHECKS_AT_ONCE,
  HEALTH_RECORDS_KEPT_PER_WORKER,
  HEALTH_SCHEDULE_BEAT_MS,
  LARGEST_LIST_LIMIT,
  UNAVAILABLE_AFTER_MS,
} from '../limits.ts';

export interface HealthScheduleParts {
  store: Store;
  clock: Clock;
  logger: Logger;
  health: Health;
  nodeId: string;
  spaceId: string;
}

export class HealthSchedule {
  readonly #parts: HealthScheduleParts;
  /** Since when each worker has no session with any node, on the monotonic clock. */
  readonly #awaySince = new Map<string, number>();
  #round: Promise<void> = Promise.resolve();
  readonly #stops = new Set<Cancel>();

  constructor(parts: HealthScheduleParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { store, clock, health, spaceId } = this.#parts;
    await health.resume(spaceId);
    this.#stops.add(clock.every(HEALTH_SCHEDULE_BEAT_MS, () => this.#next(() => this.#look())));
    this.#stops.add(store.listen('worker', (id) => this.#next(() => this.#greet(id))));
    this.#next(() => this.#look());
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops.clear();
    await this.#round;
  }

  /** Resolves when it has looked at all that it was told of so far. */
  settled(): Promise<void> {
    return this.#round;
  }

  /** One after another, so that a slow database gets no second question. */
  #next(step: () => Promise<void>): void {
    this.#round = this.#round.then(step).catch((thrown: unknown) => {
      this.#parts.logger.warn('looking after health failed', { error: toError(thrown) });
    });
  }

  /** A worker changed, perhaps because it has just come or gone. */
  async #greet(workerId: string): Promise<void> {
    const { store } = this.#parts;
    const { worker, connected } = await store.read(async (tx) => ({
      worker: await tx.workers.find(workerId),
      connected: (await tx.nodes.sessions()).some((session) => session.workerId === workerId),
    }));
    if (worker === undefined) return;
    if (!connected) {
      this.#noteAway(worker);
      return;
    }
    this.#awaySince.delete(workerId);
    if (whenConnected(worker) === null) return;
    await store.write(async (tx) => {
      const now = await tx.workers.find(workerId);
      if (now !== undefined) await recordConnected(tx, this.#parts, now);
    });
  }

  /** Looks again when its grace is over. */
  #noteAway(worker: Worker): number {
    const { clock } = this.#parts;
    const known = this.#awaySince.get(worker.id);
    if (known !== undefined) return known;
    const since = clock.monotonic();
    this.#awaySince.set(worker.id, since);
    if (whenAway(worker, UNAVAILABLE_AFTER_MS, UNAVAILABLE_AFTER_MS) !== null) {
      const cancel = clock.after(UNAVAILABLE_AFTER_MS, () => {
        this.#stops.delete(cancel);
        this.#next(() => this.#look());
      });
      this.#stops.add(cancel);
    }
    return since;
  }

  async #look(): Promise<void> {
    const { store, health, spaceId } = this.#parts;
    const [workers, sessions] = await store.read(
      async (tx) => [await tx.workers.list(spaceId), await tx.nodes.sessions()] as const,
    );
    const connected = new Set(sessions.map(({ workerId }) => workerId));
    const mine = new Set(
      sessions.filter(({ nodeId }) => nodeId === this.#parts.nodeId).map(({ workerId }) => workerId),
    );
    const { healthCheckIntervalMs } = await health.policy(spaceId);
    for (const worker of workers) {
      if (!connected.has(worker.id)) await this.#away(worker);
      else await this.#there(worker, { mine: mine.has(worker.id), intervalMs: healthCheckIntervalMs });
    }
    this.#forget(workers);
  }

  async #away(worker: Worker): Promise<void> {
    const since = this.#noteAway(worker);
    const now = this.#parts.clock.monotonic();
    if (whenAway(worker, now - since, UNAVAILABLE_AFTER_MS) === null) return;
    await this.#parts.store.write(async (tx) => {
      const stored = await tx.workers.find(worker.id);
      const finding = stored === undefined ? null : whenAway(stored, now - since, UNAVAILABLE_AFTER_MS);
      if (stored !== undefined && finding !== null) {
        await recordHealth(tx, this.#parts, { worker: stored, finding, taskId: '' });
      }
    });
  }

  async #there(worker: Worker, { mine, intervalMs }: { mine: boolean; intervalMs: number }): Promise<void> {
    this.#awaySince.delete(worker.id);
    if (whenConnected(worker) !== null) return this.#greet(worker.id);
    const { health, spaceId } = this.#parts;
    const busy = health.underWay();
    if (!mine || !worker.enabled || worker.locked !== '' || busy.has(worker.id)) return;
    if (intervalMs === 0 || busy.size >= HEALTH_CHECKS_AT_ONCE) return;
    if (await this.#claims(worker, intervalMs)) await health.check({ spaceId, actor: 'schedule' }, worker.id);
  }

  /** Whether a check of it is due, and it is this node that asks for it. */
  async #claims({ id }: Worker, intervalMs: number): Promise<boolean> {
    const { store, clock, spaceId } = this.#parts;
    const now = clock.now();
    const due = async (tx: Tx): Promise<number | null | undefined> => {
      const was = await tx.health.askedAt(spaceId, id);
      const history = await tx.health.history(spaceId, id, HEALTH_RECORDS_KEPT_PER_WORKER);
      const { lastCheckAt, becameAvailableAt } = lastTimes(history);
      const times = { lastCheckAt: later(lastCheckAt, was), becameAvailableAt };
      if (!checkDue(times, intervalMs, now)) return undefined;
      // One that takes longer than the interval is not asked for twice.
      const open = await tx.tasks.list(spaceId, {
        kind: 'health',
        states: UNFINISHED,
        limit: LARGEST_LIST_LIMIT,
      });
      return open.some(({ spec }) => isFor(spec.target, id)) ? undefined : was;
    };
    // Most looks find nothing due: they write nothing.
    const was = await store.read(due);
    if (was === undefined) return false;
    return store.write((tx) => tx.health.claimCheck(spaceId, id, { was, at: now }));
  }

  #forget(workers: readonly Worker[]): void {
    const known = new Set(workers.map((worker) => worker.id));
    for (const id of this.#awaySince.keys()) if (!known.has(id)) this.#awaySince.delete(id);
  }
}

const UNFINISHED: readonly TaskState[] = ['queued', 'executing', 'waiting', 'cancelling'];

function isFor(target: TaskTarget, workerId: string): boolean {
  return target.kind === 'workers' && target.workerIds.includes(workerId);
}

function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** From a history, newest first: when it was last checked, and when it last came. */
function lastTimes(history: readonly HealthRecord[]): {
  lastCheckAt: number | null;
  becameAvailableAt: number | null;
} {
  const check = history.find((entry) => entry.taskId !== '');
  const came = history.find((entry) => entry.taskId === '' && entry.state === 'healthy');
  return { lastCheckAt: check?.time ?? null, becameAvailableAt: came?.time ?? null };
}
