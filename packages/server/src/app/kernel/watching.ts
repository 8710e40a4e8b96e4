/**
 * Who follows which task. A change is told once it is durable: at once by the
 * node that made it; by other nodes when they hear the announcement and have
 * read what is new.
 */
import { isEnded } from '../../domain/task-transition.ts';
import { runOf } from '../../domain/task.ts';
import type { TaskChange } from '../ports/core-api.ts';
import type { Store } from '../ports/store.ts';

type Listener = (change: TaskChange) => void;

interface Followed {
  spaceId: string;
  listeners: Set<Listener>;
  /** What was told of another node's task: log entries and, per attempt, events. */
  logN: number;
  eventN: Map<string, number>;
  shown: Map<string, string>;
  reading: Promise<void>;
}

export class Watching {
  readonly #store: Store;
  readonly #followed = new Map<string, Followed>();
  /** Tasks that were queued in this turn of the event loop: all that was told of them. */
  readonly #born = new Map<string, TaskChange[]>();

  constructor(store: Store) {
    this.#store = store;
  }

  watch(spaceId: string, taskId: string, listener: Listener): () => void {
    let followed = this.#followed.get(taskId);
    if (followed === undefined) {
      followed = {
        spaceId,
        listeners: new Set(),
        logN: 0,
        eventN: new Map(),
        shown: new Map(),
        reading: Promise.resolve(),
      };
      this.#followed.set(taskId, followed);
    }
    const own = followed;
    // The same function may be given twice: each has its own end.
    const tell: Listener = (change) => listener(change);
    own.listeners.add(tell);
    return () => {
      own.listeners.delete(tell);
      if (own.listeners.size === 0 && this.#followed.get(taskId) === own) this.#followed.delete(taskId);
    };
  }

  isFollowed(taskId: string): boolean {
    return this.#followed.has(taskId);
  }

  get followed(): Iterable<string> {
    return this.#followed.keys();
  }

  /** The task is new. Until `grown`, what is told of it is kept too. */
  born(taskId: string): void {
    this.#born.set(taskId, []);
  }

  grown(): void {
    this.#born.clear();
  }

  /** All that was told of a task, if that began in this turn of the event loop: who follows it now need read nothing. */
  sinceBirth(taskId: string): readonly TaskChange[] | undefined {
    return this.#born.get(taskId);
  }

  tell(taskId: string, change: TaskChange): void {
    this.#born.get(taskId)?.push(change);
    const followed = this.#followed.get(taskId);
    if (followed === undefined) return;
    for (const listener of [...followed.listeners]) listener(change);
  }

  /** Another node changed the task: reads what is new, and tells it. */
  reread(taskId: string): Promise<void> {
    const followed = this.#followed.get(taskId);
    if (followed === undefined) return Promise.resolve();
    followed.reading = followed.reading.then(() => this.#read(taskId, followed));
    return followed.reading;
  }

  async #read(taskId: string, followed: Followed): Promise<void> {
    const { spaceId } = followed;
    const found = await this.#store.read(async (tx) => {
      const task = await tx.tasks.get(spaceId, taskId);
      const attempts = await tx.attempts.ofTask(spaceId, taskId);
      const log = await tx.tasks.log(spaceId, taskId, followed.logN, LOG_ENTRIES_AT_ONCE);
      const events = [];
      for (const { id, eventCount } of attempts) {
        const n = followed.eventN.get(id) ?? 0;
        // A deployment has hundreds of attempts; most have nothing new.
        if (eventCount > n) events.push({ id, events: await tx.attempts.events(spaceId, id, n) });
      }
      if (task === undefined || runOf(task) === undefined)
        return { task, attempts, log, events, activities: [], interruptions: [] };
      const activities = await tx.processRuns.activities(spaceId, taskId);
      const interruptions = await tx.processRuns.interruptionsOf(spaceId, taskId);
      return { task, attempts, log, events, activities, interruptions };
    });
    const ended = found.task !== undefined && isEnded(found.task.state);
    // The end is told last, for a follower leaves then.
    if (found.task !== undefined && !ended)
      this.#changed(taskId, followed, { kind: 'task', task: { ...found.task, place: null } });
    // The tree comes before what is about its parts.
    for (const activity of found.activities) this.#changed(taskId, followed, { kind: 'activity', activity });
    for (const interruption of found.interruptions)
      this.#changed(taskId, followed, { kind: 'interruption', interruption });
    if (found.log.length > 0) this.tell(taskId, { kind: 'log', entries: found.log });
    followed.logN = found.log.at(-1)?.n ?? followed.logN;
    for (const { id, events } of found.events) {
      if (events.length > 0) this.tell(taskId, { kind: 'events', attemptId: id, events: events.map(masked) });
      followed.eventN.set(id, events.at(-1)?.n ?? followed.eventN.get(id) ?? 0);
    }
    for (const attempt of found.attempts) this.#changed(taskId, followed, { kind: 'attempt', attempt });
    if (found.task !== undefined && ended)
      this.#changed(taskId, followed, { kind: 'task', task: { ...found.task, place: null } });
  }

  #changed(taskId: string, followed: Followed, change: StateChange): void {
    const [key, state] = shownOf(change);
    const shown = JSON.stringify(state);
    if (followed.shown.get(key) === shown) return;
    followed.shown.set(key, shown);
    this.tell(taskId, change);
  }
}

type StateChange = Extract<TaskChange, { kind: 'task' | 'attempt' | 'activity' | 'interruption' }>;

/** What it is the state of, and what of that followers see. */
function shownOf(change: StateChange): [key: string, state: unknown] {
  switch (change.kind) {
    case 'task': {
      const { state, waitReason, message, cancelRequestedAt } = change.task;
      return ['task', [state, waitReason, message, cancelRequestedAt]];
    }
    case 'attempt': {
      const { id, state, outcome, complete } = change.attempt;
      return [id, [state, outcome, complete]];
    }
    case 'activity':
      return [`activity ${change.activity.key}`, change.activity];
    case 'interruption':
      return [`interruption ${change.interruption.id}`, change.interruption];
  }
}

/** Entries read at once for a follower of another node's task; the next announcement or poll brings the rest. */
const LOG_ENTRIES_AT_ONCE = 1000;

/** A follower sees no sensitive value, sealed or not. */
export function masked<E extends { kind: string }>(event: E): E {
  return 'sensitive' in event && event.sensitive === true ? { ...event, value: '********' } : event;
}
