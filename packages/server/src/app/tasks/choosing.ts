/** What to do with one lease request now: placement's rules on the roster, and what the pass has left. */
import type { Allocation, Choice } from '../../domain/grant.ts';
import type { LeaseRequest, Resource } from '../../domain/lease.ts';
import { counted, explain, pick, pickBarrier, type Assessment } from '../../domain/placement.ts';
import type { WorkerPool } from '../../domain/pool.ts';
import type { Worker } from '../../domain/worker.ts';
import type { ChoosingContext } from './choosing-context.ts';
import { chooseNamed } from './choosing-named.ts';

export function choose(context: ChoosingContext, request: LeaseRequest, allocation: Allocation): Choice {
  if (request.nodeId !== null && request.nodeId !== context.nodeId) {
    const keep =
      'all' in request.wants ? request.wants.all : request.barrier === null ? [] : [request.barrier];
    return { kind: 'wait', reason: `for node ${request.nodeId} to grant it`, keep, barrier: request.barrier };
  }
  const { wants, notBefore, expiresAt } = request;
  const later = (reason: string): Choice => ({ kind: 'wait', reason, keep: [], barrier: null });
  if (expiresAt !== null && context.now >= expiresAt) {
    const reason = `it was not started before ${new Date(expiresAt).toISOString()}`;
    return { kind: 'fail', reason, state: 'timedOut' };
  }
  if (notBefore !== null && context.now < notBefore)
    return later(`until ${new Date(notBefore).toISOString()}, when it is to start`);
  if ('all' in wants && wants.all.some(({ kind }) => kind === 'run'))
    return chooseRun(context, wants.all, allocation);
  if ('all' in wants) return chooseNamed(context, request, { all: wants.all, allocation });
  const pool = context.roster.pools.get(wants.anyOfPool);
  if (pool === undefined)
    return { kind: 'fail', reason: `there is no worker pool ${wants.anyOfPool} any more` };
  return chooseOfPool(context, request, { pool, allocation });
}

function chooseOfPool(
  context: ChoosingContext,
  request: LeaseRequest,
  { pool, allocation }: { pool: WorkerPool; allocation: Allocation },
): Choice {
  const assessment = context.roster.assess(request);
  if (assessment.eligible.length === 0) return noneEligible(context, pool, assessment);
  const barred = assessment.eligible.find((worker) => worker.id === request.barrier?.id);
  const load = (id: string): ReturnType<Allocation['of']> => allocation.of(id);
  const picked = pick({
    eligible: barred === undefined ? assessment.eligible : [barred],
    mode: request.mode,
    strategy: pool.strategy,
    fits: (id) => allocation.fits(id, request.mode),
    load,
    last: context.lastChosen.get(pool.id),
    pinned: context.pinned(request.taskId),
  });
  if (picked !== undefined) {
    context.lastChosen.set(pool.id, picked.worker.id);
    const why =
      barred === undefined ? picked.reason : 'exclusive: the worker chosen when it was queued is free';
    const builtIn = context.roster.members(pool.id).builtIn
      ? 'the built-in worker, for the default pool has no worker; '
      : '';
    return {
      kind: 'grant',
      resources: [workerResource(picked.worker)],
      reason: `of pool "${pool.name}": ${builtIn}${why}`,
    };
  }
  if (request.mode !== 'exclusive') {
    const reason = `all ${counted(assessment.eligible.length, 'healthy worker')} of pool "${pool.name}" are full: ${explain(assessment)}`;
    return { kind: 'wait', reason, keep: [], barrier: null };
  }
  const chosen = barred ?? pickBarrier(assessment.eligible, load);
  const barrier = chosen === undefined ? null : workerResource(chosen);
  const reason = `for worker "${chosen?.name ?? ''}" of pool "${pool.name}" to be free, to have it alone`;
  return { kind: 'wait', reason, keep: barrier === null ? [] : [barrier], barrier };
}

function noneEligible(context: ChoosingContext, pool: WorkerPool, assessment: Assessment): Choice {
  const wait = (reason: string): Choice => ({ kind: 'wait', reason, keep: [], barrier: null });
  if (assessment.reconnecting.length > 0) return wait(`for ${names(assessment.reconnecting)} to reconnect`);
  if (assessment.elsewhere.length > 0)
    return wait(`for another node, which reaches ${names(assessment.elsewhere)}`);
  const { builtIn, candidates } = context.roster.members(pool.id);
  if (candidates.length === 0) {
    const more = builtIn ? ', and there is no built-in worker' : '';
    return { kind: 'fail', reason: `worker pool "${pool.name}" has no worker${more}` };
  }
  const which = builtIn
    ? 'the built-in worker can not take it'
    : `no worker of pool "${pool.name}" can take it`;
  return { kind: 'fail', reason: `${which}: ${explain(assessment)}` };
}

/** One run at a time for a project (or runbook), environment and tenant. */
function chooseRun(context: ChoosingContext, all: readonly Resource[], allocation: Allocation): Choice {
  const taken = all.filter(({ id }) => !allocation.fits(id, 'exclusive'));
  if (taken.length === 0) return { kind: 'grant', resources: all, reason: 'no other run of it there' };
  const holders = taken.flatMap(({ id }) => context.holders(id)).map((id) => `task ${id}`);
  const what = holders.length === 0 ? 'an earlier one' : holders.join(', ');
  const reason = `for ${what} to end: one run at a time of a project, environment and tenant`;
  return { kind: 'wait', reason, keep: all, barrier: null };
}

function workerResource(worker: Worker): Resource {
  return { kind: 'worker', id: worker.id };
}

function names(workers: readonly Worker[]): string {
  return `${workers.length === 1 ? 'worker' : 'workers'} ${workers.map((worker) => `"${worker.name}"`).join(', ')}`;
}
