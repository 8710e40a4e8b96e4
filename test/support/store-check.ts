/**
 * What must hold between tasks, attempts and leases at any moment, whatever
 * was killed; and what must hold when nothing is under way any more.
 */
import type { AttemptRow, StoreTables, TaskRow } from './store-tables.ts';

const ENDED = new Set(['success', 'failed', 'cancelled', 'timedOut']);
/** With an outcome that it never changes. */
const FINAL = new Set(['ended', 'denied']);

/** @returns a line for each thing that is wrong */
export function inconsistencies(tables: StoreTables): string[] {
  return [
    ...tables.tasks.flatMap((task) => wrongTask(task, tables)),
    ...tables.attempts.flatMap((attempt) => wrongAttempt(attempt, tables)),
    ...wrongTries(tables),
    ...wrongLeases(tables),
  ];
}

/** @returns a line for each thing that is left, where all tasks should have ended and all be released */
export function leftovers({ tasks, attempts, leases, requests }: StoreTables): string[] {
  return [
    ...tasks.filter(({ ended }) => !ended).map(({ id, state }) => `task ${id} is ${state}`),
    ...attempts.filter(({ complete }) => !complete).map(({ id, state }) => `attempt ${id} is ${state}`),
    ...leases.filter(({ releasedAt }) => releasedAt === null).map(({ id }) => `lease ${id} is held`),
    ...requests.map((taskId) => `task ${taskId} waits for a lease`),
  ];
}

function wrongTask(task: TaskRow, { attempts, leases, requests }: StoreTables): string[] {
  const wrong: string[] = [];
  const say = (what: string): void => void wrong.push(`task ${task.id} (${task.state}) ${what}`);
  if (task.ended !== ENDED.has(task.state) || task.ended !== (task.endedAt !== null))
    say(`contradicts itself: ended ${task.ended}, at ${String(task.endedAt)}`);
  if (!task.ended) return wrong;
  const own = attempts.filter(({ taskId }) => taskId === task.id);
  const unsettled = own.filter(({ state }) => state !== 'planned' && !FINAL.has(state));
  for (const { id, state } of unsettled) say(`has ended, and its attempt ${id} is ${state}`);
  const held = leases.filter(({ taskId, releasedAt }) => taskId === task.id && releasedAt === null);
  for (const { id } of held) say(`has ended, and holds lease ${id}`);
  if (requests.includes(task.id)) say('has ended, and waits for a lease');
  const last = lastTries(own);
  // A run of a process may have none, and tries some again: its tree says what became of them.
  if (task.kind === 'deployment' || task.kind === 'runbookRun') return wrong;
  if (task.state === 'success' && last.length === 0) say('has no attempt');
  if (task.state === 'success' && !last.every(({ outcome }) => isExit(outcome, 0)))
    say(`but its attempts: ${JSON.stringify(last.map(({ outcome }) => outcome))}`);
  return wrong;
}

function isExit(outcome: AttemptRow['outcome'], code: number): boolean {
  return outcome?.kind === 'exited' && outcome.code === code;
}

function wrongAttempt(attempt: AttemptRow, { tasks, leases, events }: StoreTables): string[] {
  const { id, state, outcome, report, complete, outputLength, eventCount, fence } = attempt;
  const wrong: string[] = [];
  const say = (what: string): void => void wrong.push(`attempt ${id} (${state}) ${what}`);
  const task = tasks.find((one) => one.id === attempt.taskId);
  if (task === undefined) say(`is of task ${attempt.taskId}, which is not there`);
  else if (isAbove(fence, task.fence)) say(`has fence ${fence.join('.')}, its task ${task.fence.join('.')}`);
  if (FINAL.has(state) !== (outcome !== null)) say(`has outcome ${JSON.stringify(outcome)}`);
  if (report !== null && outcome === null) say('has a report without an outcome');
  if (complete && report !== null && outputLength !== report.outputLength)
    say(`is complete with ${outputLength} of ${report.outputLength} bytes`);
  if (complete && report !== null && eventCount !== report.eventCount)
    say(`is complete with ${eventCount} of ${report.eventCount} events`);
  const stored = events.get(id) ?? { count: 0, highest: 0 };
  if (stored.count !== stored.highest) say(`has ${stored.count} events, the last is ${stored.highest}`);
  if (stored.count < eventCount) say(`counts ${eventCount} events and has ${stored.count}`);
  const lease = leases.find((one) => one.id === attempt.leaseId);
  if (lease === undefined) say(`has lease ${attempt.leaseId}, which is not there`);
  else if (lease.releasedAt !== null && state !== 'planned' && !FINAL.has(state))
    say(`may run, and its lease ${lease.id} is released`);
  return wrong;
}

function isAbove([generation, n]: [number, number], [otherGeneration, otherN]: [number, number]): boolean {
  return generation > otherGeneration || (generation === otherGeneration && n > otherN);
}

/** An action has one try at a time; a further one only when the one before it never started. */
/** A run may try an action again, once the try before it has its outcome; any other action is started once. */
function wrongTries({ attempts, tasks }: StoreTables): string[] {
  const runs = new Set(
    tasks.filter(({ kind }) => kind === 'deployment' || kind === 'runbookRun').map(({ id }) => id),
  );
  const byAction = Map.groupBy(attempts, ({ taskId, action }) => `${taskId} ${action}`);
  return [...byAction].flatMap(([action, tries]) => {
    const started = tries
      .filter(({ state }) => state !== 'planned' && state !== 'denied')
      .filter(({ taskId, outcome }) => outcome === null || !runs.has(taskId));
    return started.length > 1
      ? [`action ${action} may have started as ${started.map(({ id }) => id).join(' and ')}`]
      : [];
  });
}

function lastTries(attempts: AttemptRow[]): AttemptRow[] {
  const byAction = Map.groupBy(attempts, ({ action }) => action);
  return [...byAction.values()].map((tries) =>
    tries.reduce((one, other) => (other.try > one.try ? other : one)),
  );
}

function wrongLeases({ leases, tasks }: StoreTables): string[] {
  const held = leases.filter(({ releasedAt }) => releasedAt === null);
  const orphans = held.filter(({ taskId }) => !tasks.some(({ id }) => id === taskId));
  const byResource = Map.groupBy(held, ({ resourceId }) => resourceId);
  return [
    ...orphans.map(({ id, taskId }) => `lease ${id} is of task ${taskId}, which is not there`),
    ...[...byResource].flatMap(([resource, together]) => {
      const working = together.filter(({ mode }) => mode !== 'maintenance');
      const exclusive = working.some(({ mode }) => mode === 'exclusive');
      return exclusive && working.length > 1
        ? [`resource ${resource} is leased to ${working.map(({ id, mode }) => `${id} (${mode})`).join(', ')}`]
        : [];
    }),
  ];
}
