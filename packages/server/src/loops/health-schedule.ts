/**
 * Looks after workers' health: a session makes a worker healthy at once, one
 * that stays away becomes `unavailable` after a grace, and those connected are
 * checked as the machine policy says. Of several nodes that have a session
 * with a worker, the one whose claim the database takes asks for the check.
 */
import { toError, type Cancel, type Clock, type Logger } from '@longshore/base';

import { recordConnected, recordHealth } from '../app/machines/health-record.ts';
import type { Health } from '../app/machines/health.ts';
import type { HealthRecord } from '../app/ports/machines.ts';
import type { Store, Tx } from '../app/ports/store.ts';
import { checkDue, whenAway, whenConnected, type Age } from '../domain/health.ts';
import { scriptOf, type TaskState, type TaskTarget } from '../domain/task.ts';
import type { Worker } from '../domain/worker.ts';
import {
  HEALTH_CHECKS_AT_ONCE,
  HEALTH_LOOK_PAUSE_MS,
  HEALTH_RECORDS_KEPT_PER_WORKER,
  HEALTH_SCHEDULE_BEAT_MS,
  LARGEST_LIST_LIMIT,
  RECONNECT_GRACE_MS,
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
  /** Workers that were seen with a session since the start. */
  readonly #met = new Set<string>();
  /** From when on those count as away that were not: they may be on their way back to a node that was down. */
  readonly #patientUntil: number;
  /** Workers that changed and are to be looked at. */
  #named = new Set<string>();
  #lookAsked = false;
  #graceTimer: Cancel | undefined;
  #round: Promise<void> = Promise.resolve();
  readonly #stops = new Set<Cancel>();

  constructor(parts: HealthScheduleParts) {
    this.#parts = parts;
    this.#patientUntil = parts.clock.monotonic() + RECONNECT_GRACE_MS - UNAVAILABLE_AFTER_MS;
  }

  async start(): Promise<void> {
    const { store, clock, health, spaceId } = this.#parts;
    await health.resume(spaceId);
    this.#stops.add(clock.every(HEALTH_SCHEDULE_BEAT_MS, () => this.#lookSoon()));
    this.#stops.add(store.listen('worker', (id) => this.#name(id)));
    this.#lookSoon();
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops.clear();
    this.#graceTimer?.();
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

  /** However often it is asked for, one look at all is enough. */
  #lookSoon(): void {
    if (this.#lookAsked) return;
    this.#lookAsked = true;
    this.#next(() => {
      this.#lookAsked = false;
      return this.#look();
    });
  }

  /** A worker changed, perhaps because it has just come or gone: those named meanwhile are looked at together. */
  #name(workerId: string): void {
    this.#named.add(workerId);
    if (this.#named.size > 1) return;
    this.#next(() => {
      const named = this.#named;
      this.#named = new Set();
      return this.#greet(named);
    });
  }

  async #greet(workerIds: ReadonlySet<string>): Promise<void> {
    const found = await this.#parts.store.read(async (tx) => {
      const workers: { worker: Worker; connected: boolean }[] = [];
      for (const id of workerIds) {
        const worker = await tx.workers.find(id);
        if (worker !== undefined)
          workers.push({ worker, connected: (await tx.nodes.sessionsWith(id)).length > 0 });
      }
      return workers;
    });
    for (const { worker, connected } of found) {
      if (connected) await this.#connected(worker);
      else this.#noteAway(worker);
    }
  }

  async #connected(worker: Worker): Promise<void> {
    this.#met.add(worker.id);
    this.#awaySince.delete(worker.id);
    if (whenConnected(worker) === null) return;
    await this.#parts.store.write(async (tx) => {
      const now = await tx.workers.find(worker.id);
      if (now !== undefined) await recordConnected(tx, this.#parts, now);
    });
  }

  /** Looks again when its grace is over. */
  #noteAway(worker: Worker): number {
    const known = this.#awaySince.get(worker.id);
    if (known !== undefined) return known;
    const now = this.#parts.clock.monotonic();
    const since = this.#met.has(worker.id) ? now : Math.max(now, this.#patientUntil);
    this.#awaySince.set(worker.id, since);
    if (whenAway(worker, UNAVAILABLE_AFTER_MS, UNAVAILABLE_AFTER_MS) !== null)
      this.#lookAt(since + UNAVAILABLE_AFTER_MS);
    return since;
  }

  /** One timer at a time: later graces are found by the look that it brings, which sets the next. */
  #lookAt(time: number): void {
    const { clock } = this.#parts;
    this.#graceTimer ??= clock.after(time - clock.monotonic(), () => {
      this.#graceTimer = undefined;
      this.#lookSoon();
    });
  }

  /** For those whose grace is not over; not at once, for a look is at all of them. */
  #lookAgain(): void {
    const now = this.#parts.clock.monotonic();
    const open = [...this.#awaySince.values()].filter((since) => since + UNAVAILABLE_AFTER_MS > now);
    const next = open.reduce((least, since) => Math.min(least, since), Infinity);
    if (next < Infinity) this.#lookAt(Math.max(next + UNAVAILABLE_AFTER_MS, now + HEALTH_LOOK_PAUSE_MS));
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
    this.#lookAgain();
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
    this.#met.add(worker.id);
    this.#awaySince.delete(worker.id);
    if (whenConnected(worker) !== null) return this.#connected(worker);
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
      const age = (time: number | null): Age => (time === null ? null : clock.since(time));
      const ages = {
        lastCheck: younger(age(lastCheckAt), age(was)),
        becameAvailable: age(becameAvailableAt),
      };
      if (!checkDue(ages, intervalMs)) return undefined;
      // One that takes longer than the interval is not asked for twice.
      const open = await tx.tasks.list(spaceId, {
        kind: 'health',
        states: UNFINISHED,
        limit: LARGEST_LIST_LIMIT,
      });
      return open.some((task) => isFor(scriptOf(task)?.target, id)) ? undefined : was;
    };
    // Most looks find nothing due: they write nothing.
    const was = await store.read(due);
    if (was === undefined) return false;
    return store.write((tx) => tx.health.claimCheck(spaceId, id, { was, at: now }));
  }

  #forget(workers: readonly Worker[]): void {
    const known = new Set(workers.map((worker) => worker.id));
    for (const id of this.#awaySince.keys()) if (!known.has(id)) this.#awaySince.delete(id);
    for (const id of this.#met) if (!known.has(id)) this.#met.delete(id);
  }
}

const UNFINISHED: readonly TaskState[] = ['queued', 'executing', 'waiting', 'cancelling'];

function isFor(target: TaskTarget | undefined, workerId: string): boolean {
  return target?.kind === 'workers' && target.workerIds.includes(workerId);
}

function younger(a: Age, b: Age): Age {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
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
