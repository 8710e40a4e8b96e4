/**
 * Choosing a worker. In two parts: who of a pool could take a script at all
 * (`assess`: it changes only with the workers), and which of those takes it
 * now (`pick`: it changes with every lease).
 *
 * Always true: each choice, and each worker passed over, has a reason in words.
 */
import type { Strategy, WorkerPool } from './pool.ts';
import type { LeaseMode, Occupancy } from './lease.ts';
import type { Worker } from './worker.ts';

/** How this node reaches a worker. `reconnecting`: its session ended moments ago. */
export type Reach = 'here' | 'elsewhere' | 'reconnecting' | 'none';

export interface Candidate {
  worker: Worker;
  reach: Reach;
}

export interface PassedOver {
  workerId: string;
  workerName: string;
  /** One word for the count: `disabled`, `unhealthy`, … */
  kind: string;
  /** For people. */
  why: string;
}

export interface Assessment {
  eligible: Worker[];
  /** Would be eligible once their link is back, or for another node. */
  reconnecting: Worker[];
  elsewhere: Worker[];
  passedOver: PassedOver[];
}

export interface Needs {
  tools: readonly string[];
  /** Workers that denied the action before. */
  exclude: readonly string[];
  mode: LeaseMode;
  /** It is to run on the machine as a deployment target: whether an unhealthy one will do was decided by the plan. */
  asTarget?: boolean;
}

/** The pool that a step's script runs on: the first that is given. */
export function resolvePool(
  named: string | undefined,
  fallback: string | undefined,
  pools: readonly WorkerPool[],
): WorkerPool | undefined {
  const id = named ?? fallback;
  return id === undefined ? pools.find((pool) => pool.isDefault) : pools.find((pool) => pool.id === id);
}

/** The workers to choose from: the pool's members; or the built-in worker, only if the pool is the default and has no worker at all. */
export function candidatesOf(
  pool: WorkerPool,
  all: readonly Candidate[],
): { builtIn: boolean; candidates: Candidate[] } {
  const members = all.filter((c) => c.worker.mode !== 'builtIn' && c.worker.poolIds.includes(pool.id));
  if (members.length > 0 || !pool.isDefault) return { builtIn: false, candidates: members };
  return { builtIn: true, candidates: all.filter((c) => c.worker.mode === 'builtIn') };
}

export function assess(candidates: readonly Candidate[], needs: Needs): Assessment {
  const result: Assessment = { eligible: [], reconnecting: [], elsewhere: [], passedOver: [] };
  for (const { worker, reach } of candidates) {
    const over = passOver(worker, reach, needs);
    if (over !== undefined) result.passedOver.push({ workerId: worker.id, workerName: worker.name, ...over });
    else if (reach === 'here') result.eligible.push(worker);
    else if (reach === 'elsewhere') result.elsewhere.push(worker);
    else result.reconnecting.push(worker);
  }
  return result;
}

function passOver(worker: Worker, reach: Reach, needs: Needs): { kind: string; why: string } | undefined {
  if (worker.revoked) return { kind: 'revoked', why: 'its identity is revoked' };
  if (worker.locked !== '') return { kind: 'locked', why: `locked: ${worker.locked}` };
  if (!worker.enabled && needs.mode !== 'maintenance') return { kind: 'disabled', why: 'disabled' };
  if (needs.exclude.includes(worker.id)) return { kind: 'denied it', why: 'denied this action before' };
  if (reach === 'none')
    return {
      kind: 'unavailable',
      why: `no connection${worker.healthReason === '' ? '' : `: ${worker.healthReason}`}`,
    };
  // A health check must reach an unhealthy worker, or it would stay so.
  if (needs.mode === 'maintenance') return undefined;
  if (worker.quarantined !== '') return { kind: 'quarantined', why: `quarantined: ${worker.quarantined}` };
  if (worker.draining) return { kind: 'draining', why: 'draining' };
  // While the link is down, health says just that.
  if (
    needs.asTarget !== true &&
    reach !== 'reconnecting' &&
    worker.health !== 'healthy' &&
    worker.health !== 'hasWarnings'
  ) {
    return {
      kind: worker.health,
      why: `${worker.health}${worker.healthReason === '' ? '' : `: ${worker.healthReason}`}`,
    };
  }
  const missing = needs.tools.filter((tool) => worker.facts?.tools.some((has) => has.name === tool) !== true);
  if (missing.length > 0) return { kind: 'without a tool', why: `has no ${missing.join(', no ')}` };
  return undefined;
}

export interface PickInput {
  eligible: readonly Worker[];
  mode: LeaseMode;
  strategy: Strategy;
  fits: (workerId: string) => boolean;
  load: (workerId: string) => Readonly<Occupancy>;
  /** The worker that this pool chose last, for round-robin. */
  last: string | undefined;
  /** The worker that this task used before, for pin-task. */
  pinned: string | undefined;
}

export type Pick = { worker: Worker; reason: string } | undefined;

/** One of the eligible workers that has room now; undefined when none has. */
export function pick(input: PickInput): Pick {
  if (input.strategy === 'pin-task' && input.pinned !== undefined) {
    const pinned = input.eligible.find((worker) => worker.id === input.pinned);
    if (pinned !== undefined) {
      return input.fits(pinned.id)
        ? { worker: pinned, reason: 'pin-task: the worker that this task used before' }
        : undefined;
    }
  }
  return input.strategy === 'round-robin' ? roundRobin(input) : fewestLeases(input);
}

function fewestLeases({ eligible, fits, load }: PickInput): Pick {
  let best: Worker | undefined;
  let fewest = Infinity;
  let free = 0;
  for (const worker of eligible) {
    if (!fits(worker.id)) continue;
    free++;
    const held = load(worker.id);
    const leases = held.shared + held.exclusive;
    if (leases < fewest || (leases === fewest && best !== undefined && worker.id < best.id)) {
      best = worker;
      fewest = leases;
    }
  }
  if (best === undefined) return undefined;
  return { worker: best, reason: `fewest leases: ${fewest}, of ${counted(free, 'worker')} with room` };
}

/** The next by id after the one chosen last, and around. */
function roundRobin({ eligible, fits, last }: PickInput): Pick {
  const free = eligible.filter((worker) => fits(worker.id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const worker = free.find((candidate) => last === undefined || candidate.id > last) ?? free[0];
  if (worker === undefined) return undefined;
  return { worker, reason: `round-robin: next of ${counted(free.length, 'worker')} with room` };
}

/** The worker that is likely to be empty first: where an exclusive request sets its barrier. */
export function pickBarrier(
  eligible: readonly Worker[],
  load: (workerId: string) => Readonly<Occupancy>,
): Worker | undefined {
  const order = (worker: Worker): number => load(worker.id).exclusive * 1_000_000 + load(worker.id).shared;
  return eligible.reduce<Worker | undefined>(
    (best, worker) =>
      best === undefined ||
      order(worker) < order(best) ||
      (order(worker) === order(best) && worker.id < best.id)
        ? worker
        : best,
    undefined,
  );
}

/** `3 unhealthy, 1 disabled, 2 full (w-1: disabled; …)`. */
export function explain(assessment: Assessment): string {
  const counts = new Map<string, number>();
  for (const over of assessment.passedOver) counts.set(over.kind, (counts.get(over.kind) ?? 0) + 1);
  if (assessment.eligible.length > 0) counts.set('full', assessment.eligible.length);
  if (assessment.reconnecting.length > 0) counts.set('reconnecting', assessment.reconnecting.length);
  if (assessment.elsewhere.length > 0)
    counts.set('connected to another node only', assessment.elsewhere.length);
  const summary = [...counts].map(([kind, n]) => `${n} ${kind}`).join(', ');
  const each = assessment.passedOver.map((over) => `${over.workerName}: ${over.why}`).join('; ');
  return each === '' ? summary : `${summary} (${each})`;
}

export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
