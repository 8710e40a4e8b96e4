/**
 * Webhooks. Always true: a call is not made before it is written that it is;
 * a call of which nobody knows what became of it is never made again by
 * itself: whoever wants that says so (guided failure).
 */
import type { Activity } from '../../domain/deployment/activity.ts';
import { FAILED } from '../../domain/deployment/after-try.ts';
import { isEnded } from '../../domain/task-transition.ts';
import { WEBHOOK_TEXT_CHARACTERS } from '../../limits.ts';
import type { Turn } from '../kernel/batch.ts';
import { note, type Kernel } from '../kernel/kernel.ts';
import type { WebCall } from '../ports/web.ts';
import { change, type CourseRun } from './activities.ts';
import { sceneOf } from './scene-of.ts';
import { tryEnded, type Place } from './tries.ts';

/** @param advance goes on with the run, in the turn in which the call's end is written */
export async function startCall(
  kernel: Kernel,
  turn: Turn,
  {
    run,
    activity,
    place,
    advance,
  }: { run: CourseRun; activity: Activity; place: Place; advance: (turn: Turn) => Promise<void> },
): Promise<void> {
  const { does } = place.action;
  if (does.kind !== 'webhook') return;
  const begun = await change(kernel, turn, {
    run,
    activity,
    to: { state: 'running', message: '', tries: activity.tries + 1 },
  });
  const scene = await sceneOf(kernel, turn, run);
  const made = scene.texts({ url: does.url, body: does.body }, place);
  const headers = scene.texts(does.headers, place);
  const wrong = 'problem' in made ? made.problem : 'problem' in headers ? headers.problem : undefined;
  if (wrong !== undefined || 'problem' in made || 'problem' in headers) {
    await tryEnded(kernel, turn, { run, activity: begun, place, end: FAILED, message: wrong ?? '' });
    return;
  }
  const call: WebCall = {
    method: does.method,
    url: made.texts['url'] ?? '',
    headers: headers.texts,
    body: made.texts['body'] ?? '',
    timeoutMs: place.action.timeoutMs,
  };
  const abort = new AbortController();
  run.course.calls.set(place.key, abort);
  turn.undo(() => run.course.calls.delete(place.key));
  turn.after(() => {
    const { web, logger } = kernel.options;
    void web.call(call, abort.signal).then(async (result) => {
      if (kernel.closed) return;
      await kernel.batch
        .add((next) => answered(kernel, next, { run, place, expect: does.expect, result, advance }))
        .catch((error: unknown) => logger.error('a webhook’s end was not written', { error }));
    });
  });
}

async function answered(
  kernel: Kernel,
  turn: Turn,
  of: {
    run: CourseRun;
    place: Place;
    expect: readonly number[];
    result: { status: number; text: string } | { error: string; reached: boolean };
    advance: (turn: Turn) => Promise<void>;
  },
): Promise<void> {
  const { run, place, expect, result } = of;
  run.course.calls.delete(place.key);
  const activity = run.course.activities.get(place.key);
  if (activity?.state !== 'running' || isEnded(run.task.state)) return;
  await kernel.books.lock(turn, run.task.spaceId);
  if ('error' in result) {
    const end = { ...FAILED, cancelled: run.wish !== 'none', uncertain: result.reached };
    await tryEnded(kernel, turn, { run, activity, place, end, message: result.error });
  } else {
    const well =
      expect.length === 0 ? result.status >= 200 && result.status < 300 : expect.includes(result.status);
    const scene = await sceneOf(kernel, turn, run);
    const text = scene.masked(result.text, place).slice(0, WEBHOOK_TEXT_CHARACTERS);
    if (text !== '')
      await note(kernel, turn, { task: run.task, level: 'verbose', text, activity: place.key });
    const end = { ...FAILED, succeeded: well };
    await tryEnded(kernel, turn, { run, activity, place, end, message: `answered ${result.status}` });
  }
  await of.advance(turn);
}

/** Calls that were under way when the server stopped: nobody knows what became of them. */
export async function callsLost(
  kernel: Kernel,
  turn: Turn,
  { run, activity, place }: { run: CourseRun; activity: Activity; place: Place },
): Promise<void> {
  await tryEnded(kernel, turn, {
    run,
    activity,
    place,
    end: { ...FAILED, uncertain: true },
    message:
      'the server stopped while it was called: it may have been received, and is not sent again by itself',
  });
}
