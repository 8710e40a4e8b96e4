/**
 * What to do with a request for certain machines: workers that are named, or
 * the machine of a deployment target.
 *
 * Always true: what will pass by itself (another script, a link that is down,
 * draining) is waited for; what people have to mend fails the request with
 * the reason, in the words of what was asked for, target or worker.
 */
import type { Allocation, Choice } from '../../domain/grant.ts';
import type { LeaseRequest, Resource } from '../../domain/lease.ts';
import type { PassedOver } from '../../domain/placement.ts';
import type { ChoosingContext } from './choosing-context.ts';

interface Named {
  all: readonly Resource[];
  allocation: Allocation;
}

export function chooseNamed(
  context: ChoosingContext,
  request: LeaseRequest,
  { all, allocation }: Named,
): Choice {
  const { roster } = context;
  const say = (ids: readonly { id: string }[]): string =>
    said(
      context,
      all.filter(({ id }) => ids.some((one) => one.id === id)),
    );
  const gone = all.filter(({ kind, id }) =>
    kind === 'target' ? roster.targetOn(id) === null : !roster.workers.has(id),
  );
  if (gone.length > 0) return { kind: 'fail', reason: `there is no ${say(gone)} any more` };
  const off = all.filter((resource) => isOff(context, request, resource));
  if (off.length > 0) return { kind: 'fail', reason: `${say(off)} can not take it: disabled` };
  const assessment = roster.assess(request);
  const over = assessment.passedOver.map((one) => ({ ...one, id: one.workerId }));
  const barred = over.filter((one) => !passes(one, all));
  if (barred.length > 0) {
    const why = barred.map((one) => `${say([one])} can not take it: ${one.why}`);
    return { kind: 'fail', reason: why.join('; ') };
  }
  const wait = (reason: string): Choice => ({ kind: 'wait', reason, keep: all, barrier: null });
  if (over.length > 0) return wait(`for ${say(over)} to take work again: it is draining`);
  if (assessment.reconnecting.length > 0) return wait(`for ${say(assessment.reconnecting)} to reconnect`);
  if (assessment.elsewhere.length > 0)
    return wait(`for another node, which reaches ${say(assessment.elsewhere)}`);
  const full = all.filter(({ id }) => !allocation.fits(id, request.mode));
  if (full.length > 0) return wait(whileFull(context, request, full));
  return {
    kind: 'grant',
    resources: all,
    reason: all[0]?.kind === 'target' ? 'as planned' : 'named by the task',
  };
}

/** A machine that is fit may be no target for now, by the target's own switch; a health check looks at it all the same. */
function isOff({ roster }: ChoosingContext, { mode }: LeaseRequest, { kind, id }: Resource): boolean {
  return kind === 'target' && mode !== 'maintenance' && roster.targetOn(id)?.disabled === true;
}

/** A run has one machine for each target, and waits for it; a task that names workers may name others. */
function passes({ kind, workerId }: PassedOver, all: readonly Resource[]): boolean {
  return (
    kind === 'draining' && all.some((resource) => resource.id === workerId && resource.kind === 'target')
  );
}

function whileFull(context: ChoosingContext, { mode }: LeaseRequest, full: readonly Resource[]): string {
  const what = said(context, full);
  if (full[0]?.kind !== 'target')
    return `for ${what} to have room for ${mode === 'exclusive' ? 'an' : 'a'} ${mode} lease`;
  const holders = [...new Set(full.flatMap(({ id }) => context.holders(id)))];
  const by =
    holders.length === 0 ? 'an earlier request is before it' : `in use by task ${holders.join(', ')}`;
  return `for ${what} to be free: ${by}`;
}

/** `worker "a"`, `deployment targets "b", "c"`. */
function said({ roster }: ChoosingContext, resources: readonly Resource[]): string {
  const noun = resources[0]?.kind === 'target' ? 'deployment target' : 'worker';
  const names = resources.map((resource) => `"${roster.nameOf(resource)}"`).join(', ');
  return `${noun}${resources.length === 1 ? '' : 's'} ${names}`;
}
