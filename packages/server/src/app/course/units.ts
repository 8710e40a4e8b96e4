/** Starts a try of an action, by what the action is. */
import type { Activity } from '../../domain/deployment/activity.ts';
import { FAILED, SUCCEEDED } from '../../domain/deployment/after-try.ts';
import { MANUAL_OPTIONS } from '../../domain/deployment/interruption.ts';
import { HEALTH_LOOK_PAUSE_MS, RECONNECT_GRACE_MS } from '../../limits.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { change, setTimer, type CourseRun } from './activities.ts';
import { startChild } from './child-tasks.ts';
import { openInterruption } from './interruptions.ts';
import { sceneOf } from './scene-of.ts';
import { askForLease } from './script-units.ts';
import { tryEnded, type Place } from './tries.ts';
import { startCall } from './webhooks.ts';

interface Starting {
  run: CourseRun;
  /** Is `queued` by now. */
  activity: Activity;
  place: Place;
  advance: (turn: Turn) => Promise<void>;
}

export async function startUnit(kernel: Kernel, turn: Turn, of: Starting): Promise<void> {
  switch (of.place.action.does.kind) {
    case 'script':
      await askForLease(kernel, turn, of);
      return;
    case 'healthCheck':
      await startCheck(kernel, turn, of);
      return;
    case 'manual':
      await askPeople(kernel, turn, of);
      return;
    case 'deployRelease':
    case 'runRunbook':
      await startChild(kernel, turn, of);
      break;
    case 'webhook':
      await startCall(kernel, turn, of);
      return;
  }
  limitWait(kernel, turn, of);
}

/** What waits for people or for another task has its time-out here; a script's is its host's. */
function limitWait(kernel: Kernel, turn: Turn, { run, place }: Starting): void {
  const { timeoutMs } = place.action;
  if (timeoutMs > 0) turn.after(() => setTimer(kernel, run, place.key, timeoutMs));
}

async function askPeople(kernel: Kernel, turn: Turn, of: Starting): Promise<void> {
  const { run, activity, place } = of;
  const { does } = place.action;
  if (does.kind !== 'manual') return;
  const scene = await sceneOf(kernel, turn, run);
  const made = scene.shown({ instructions: does.instructions, responsible: does.responsible }, place);
  const tries = activity.tries + 1;
  const begun = await change(kernel, turn, { run, activity, to: { state: 'running', tries } });
  if ('problem' in made) {
    await tryEnded(kernel, turn, {
      run,
      activity: begun,
      place,
      end: FAILED,
      message: made.problem,
      final: true,
    });
    return;
  }
  const interruption = await openInterruption(kernel, turn, {
    run,
    activity: place.key,
    kind: 'manual',
    title: place.action.name,
    instructions: made.texts['instructions'] ?? '',
    responsible: made.texts['responsible'] ?? '',
    options: [...MANUAL_OPTIONS],
  });
  const waitsFor = { kind: 'interruption', id: interruption.id } as const;
  await change(kernel, turn, { run, activity: begun, to: { state: 'running', waitsFor } });
  limitWait(kernel, turn, of);
}

/** Only whether it can be reached is known at once; a full check is a script on it. */
async function startCheck(kernel: Kernel, turn: Turn, of: Starting): Promise<void> {
  const { run, activity, place } = of;
  const { does } = place.action;
  const machineId = place.target?.machineId ?? null;
  if (does.kind !== 'healthCheck') return;
  if (does.check === 'full' && machineId !== null && kernel.sessions.get(machineId) !== undefined) {
    await askForLease(kernel, turn, of);
    return;
  }
  const reached = machineId === null || kernel.sessions.get(machineId) !== undefined;
  if (!reached && kernel.sessions.awayMs(machineId) < RECONNECT_GRACE_MS) {
    // It lost its link a moment ago, or this server has just started: it is given the time that placement gives it.
    const nextTryAt = kernel.options.clock.now() + HEALTH_LOOK_PAUSE_MS;
    const to = { state: 'retrying', message: 'for it to reconnect', nextTryAt } as const;
    await change(kernel, turn, { run, activity, to });
    turn.after(() => setTimer(kernel, run, place.key, HEALTH_LOOK_PAUSE_MS));
    return;
  }
  const begun = await change(kernel, turn, {
    run,
    activity,
    to: { state: 'running', tries: activity.tries + 1 },
  });
  if (!reached && does.onUnhealthy === 'exclude') {
    await change(kernel, turn, {
      run,
      activity: begun,
      to: { state: 'excluded', message: 'it can not be reached: the run goes on without it' },
    });
    return;
  }
  const end = reached ? SUCCEEDED : FAILED;
  const message = reached ? 'it can be reached' : 'it can not be reached';
  await tryEnded(kernel, turn, { run, activity: begun, place, end, message });
}
