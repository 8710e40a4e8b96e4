/**
 * Scheduled triggers of projects.
 *
 * Always true: that a due time is dealt with and what it starts are one
 * transaction, under the granting lock. So each due time starts its runs once
 * over all nodes, whichever dies when; one that nobody could deal with is
 * found by the next look.
 */
import { AppError, isCode, toError } from '@longshore/base';

import type { Resource } from '../../domain/model/resource.ts';
import type { Trigger } from '../../domain/model/trigger.ts';
import { scheduleOf, scheduleWhenOff, type TriggerRecord } from '../../domain/trigger-time.ts';
import { TRIGGER_LATE_LONGEST_MS, TRIGGER_SKIPPED_COUNTED } from '../../limits.ts';
import { record } from '../kernel/audit.ts';
import type { Turn } from '../kernel/batch.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resourceNamed } from '../kernel/resource-names.ts';
import type { Triggers } from '../ports/trigger-api.ts';
import { standingOf, type Standing } from './trigger-due.ts';
import { TriggerProjects } from './trigger-projects.ts';
import { startTriggered, type TriggerOutcome } from './trigger-runs.ts';

interface Key {
  spaceId: string;
  projectId: string;
  name: string;
}

export function createTriggers(kernel: Kernel): Triggers {
  const { store, clock, dueTimes, spaces, logger } = kernel.options;
  const projects = new TriggerProjects();

  /** What has to be written down: due, new, changed, or gone. And when the next one is due. */
  const survey = (spaceId: string): Promise<{ stirred: Key[]; next: number | null }> =>
    store.read(async (tx) => {
      const known = new Map((await tx.triggers.list(spaceId)).map((one) => [keyText(one), one]));
      const now = clock.now();
      const stirred: Key[] = [];
      let next: number | null = null;
      for (const project of await projects.read(tx, spaceId)) {
        for (const trigger of project.body.triggers) {
          const key = { spaceId, projectId: project.id, name: trigger.name };
          const record = known.get(keyText(key));
          known.delete(keyText(key));
          const standing = standingOf(dueTimes, { project, trigger, known: record, now });
          if (standing.due !== null || mustBeWritten(record, trigger, standing)) stirred.push(key);
          else if (standing.next !== null) next = Math.min(next ?? Infinity, standing.next);
        }
      }
      return { stirred: [...stirred, ...known.values()], next };
    });

  const dealWith = async (key: Key): Promise<number | null> => {
    try {
      return await kernel.batch.add((turn) => deal(kernel, turn, { key, broken: '' }), { hurried: true });
    } catch (thrown) {
      if (isCode(thrown, 'unavailable') || isCode(thrown, 'noSpace') || kernel.closed) throw thrown;
      // Not again and again at each look: it is told, and its next due time comes.
      const error = toError(thrown);
      logger.error('a trigger broke', { ...key, error });
      return kernel.batch.add((turn) => deal(kernel, turn, { key, broken: error.message }), {
        hurried: true,
      });
    }
  };

  return {
    list: (spaceId, named) =>
      store.read(async (tx) => {
        const project = await resourceNamed(tx, { spaceId, kind: 'project', named });
        const known = new Map((await tx.triggers.list(spaceId, project.id)).map((one) => [one.name, one]));
        return project.body.triggers.map((trigger) => {
          const record = known.get(trigger.name);
          const { off, next } = standingOf(dueTimes, { project, trigger, known: record, now: clock.now() });
          const { name, disabled, cron, timeZone, does } = trigger;
          return {
            ...{ name, disabled, cron, timeZone, does, off },
            nextDueAt: off === '' ? next : null,
            lastRun: record?.lastRun ?? null,
            lastFailure: record?.lastFailure ?? null,
            lastIdle: record?.lastIdle ?? null,
          };
        });
      }),
    async look() {
      let next: number | null = null;
      const sooner = (time: number | null): void => {
        if (time !== null) next = Math.min(next ?? Infinity, time);
      };
      for (const spaceId of spaces) {
        if (kernel.draining) return null;
        const found = await survey(spaceId);
        sooner(found.next);
        for (const key of found.stirred) sooner(await dealWith(key));
      }
      return next;
    },
  };
}

/** Its due times count from what is written down: neither a later change of the project nor the time that goes by moves that. */
function mustBeWritten(known: TriggerRecord | undefined, trigger: Trigger, { off, from }: Standing): boolean {
  if (known === undefined || known.dealtWith > from) return true;
  return off === '' && known.schedule !== scheduleOf(trigger);
}

/**
 * Deals with what is due of one trigger, as the rows say now.
 *
 * @param broken why nothing was started, of one whose run could not even be looked at
 * @returns its next due time
 */
async function deal(
  kernel: Kernel,
  turn: Turn,
  { key, broken }: { key: Key; broken: string },
): Promise<number | null> {
  const { clock, dueTimes } = kernel.options;
  const { tx } = turn;
  const { spaceId, projectId, name } = key;
  await kernel.books.lock(turn, spaceId);
  const found = await tx.resources.get(spaceId, projectId);
  const project = found?.kind === 'project' ? (found as Resource<'project'>) : undefined;
  const trigger = project?.body.triggers.find((one) => one.name === name);
  if (project === undefined || trigger === undefined) {
    await tx.triggers.remove(spaceId, projectId, name);
    return null;
  }
  const known = await tx.triggers.get(spaceId, projectId, name);
  const now = clock.now();
  const standing = standingOf(dueTimes, { project, trigger, known, now });
  const { due, next, from, off } = standing;
  const before: TriggerRecord = {
    ...(known ?? { ...key, lastRun: null, lastFailure: null, lastIdle: null }),
    schedule: scheduleOf(trigger),
    dealtWith: from,
  };
  const put = async (record: TriggerRecord): Promise<void> => {
    if (!(await tx.triggers.put(record, known?.dealtWith ?? null)))
      throw new AppError('conflict', `trigger "${name}" was dealt with by another node`);
  };
  if (due === null || next === null) {
    if (mustBeWritten(known, trigger, standing)) await put(before);
    return next;
  }
  const late = off === '' && now - due > TRIGGER_LATE_LONGEST_MS;
  const missed =
    off === '' ? await tellMissed(kernel, turn, { key, trigger, from: next, to: due, late }) : '';
  let outcome: TriggerOutcome = { taskIds: [], failures: [], idle: [] };
  if (off !== '' || broken !== '') outcome.failures.push(off === '' ? broken : off);
  else if (!late) outcome = await startTriggered(kernel, turn, { project, trigger });
  const reason = outcome.failures.join('; ');
  if (reason !== '') await tellFailure(kernel, turn, { key, dueAt: due, reason });
  const told = (text: string) => (text === '' ? null : { dueAt: due, reason: text });
  await put({
    ...before,
    schedule: off === '' ? before.schedule : scheduleWhenOff(trigger, off),
    dealtWith: due,
    lastRun: outcome.taskIds.length === 0 ? before.lastRun : { dueAt: due, taskIds: outcome.taskIds },
    lastFailure: told(late ? missed : reason) ?? before.lastFailure,
    lastIdle: told(outcome.idle.join('; ')) ?? before.lastIdle,
  });
  return off === '' ? dueTimes.after(trigger, due) : null;
}

/** Due times from `from` to before `to` (that one too, when it is late itself) that are left out. */
async function tellMissed(
  kernel: Kernel,
  turn: Turn,
  of: { key: Key; trigger: Trigger; from: number; to: number; late: boolean },
): Promise<string> {
  const { key, trigger, from, to, late } = of;
  const { dueTimes, clock, logger } = kernel.options;
  let times = late ? 1 : 0;
  let at: number | null = from;
  while (at !== null && at < to && times < TRIGGER_SKIPPED_COUNTED) {
    times += 1;
    at = dueTimes.after(trigger, at);
  }
  if (times === 0) return '';
  const count = times < TRIGGER_SKIPPED_COUNTED ? String(times) : `${times} or more`;
  const span = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const reason = late
    ? `missed, and by more than ${TRIGGER_LATE_LONGEST_MS / 60_000} minutes: not run`
    : 'missed: only the latest is run';
  const detail = { project: key.projectId, dueTimes: count, ...span, reason };
  await record(
    turn.tx,
    { spaceId: key.spaceId, actor: 'schedule', clock },
    { action: 'trigger.skipped', subject: key.name, detail },
  );
  turn.after(() => logger.warn('due times of a trigger were skipped', { trigger: key.name, ...detail }));
  return reason;
}

async function tellFailure(
  kernel: Kernel,
  turn: Turn,
  { key, dueAt, reason }: { key: Key; dueAt: number; reason: string },
): Promise<void> {
  const { clock, logger } = kernel.options;
  const detail = { project: key.projectId, dueAt: new Date(dueAt).toISOString(), reason };
  await record(
    turn.tx,
    { spaceId: key.spaceId, actor: 'schedule', clock },
    { action: 'trigger.failed', subject: key.name, detail },
  );
  turn.after(() => logger.warn('a trigger failed', { trigger: key.name, ...detail }));
}

function keyText({ projectId, name }: Pick<Key, 'projectId' | 'name'>): string {
  return `${projectId} ${name}`;
}
