/**
 * Follows one task for one listener. Woken by the task's changes and by growth
 * of its attempts' logs, never by a timer; what was sent is never read again.
 *
 * Events of one kind come in their order; each carries the place after it, so
 * that a listener that was cut off goes on there. State (`task`, the tree of a
 * run, `attempt`) is told as it is now, so after a cut it may be told twice.
 */
import { isCode } from '@longshore/base';
import { RECORD_HEADER_BYTES, scanRecords, streamName } from '@longshore/protocol/spool-record';

import type { AttemptEventRecord } from '../app/ports/attempts.ts';
import type { TaskChange, TaskView as CoreTask } from '../app/ports/core-api.ts';
import type { TaskLogEntry } from '../app/ports/tasks.ts';
import type { Attempt } from '../domain/attempt.ts';
import { runOf, type TaskState } from '../domain/task.ts';
import { LARGEST_LIST_LIMIT, STREAM_NEWS_WAITING, STREAM_READ_BYTES } from '../limits.ts';
import { encodeCursor, tellOver, toldOver, type AttemptPlace, type TaskPlace } from './cursor.ts';
import { RunTelling } from './follow-run.ts';
import type { ApiServices } from './services.ts';
import { attemptView, taskView } from './views.ts';

export interface EventSink {
  write(text: string): void;
  /** A promise while it is full. */
  room(): Promise<void> | undefined;
  /** Its peer is too far behind: it may come back with its cursor. */
  cut(): void;
}

interface FollowedAttempt {
  attempt: Attempt;
  place: AttemptPlace;
  /** Spool bytes that can be read. */
  length: number;
  /** What comes next of it can't be had now, and will be told of as growth. */
  waits: boolean;
  /** The last event about it, not to be repeated. */
  told: string;
  stop: () => void;
}

const ENDED: ReadonlySet<TaskState> = new Set<TaskState>(['success', 'failed', 'cancelled', 'timedOut']);

export class TaskFollower {
  readonly #services: Pick<ApiServices, 'core' | 'logs' | 'names'>;
  readonly #sink: EventSink;
  readonly #place: TaskPlace;
  readonly #attempts = new Map<string, FollowedAttempt>();
  readonly #run: RunTelling | undefined;
  #task: CoreTask;
  #changes: TaskChange[] = [];
  #wake: (() => void) | undefined;
  #woken = false;
  #stopped = false;
  #pending = '';
  #toldTask = '';

  constructor(
    services: Pick<ApiServices, 'core' | 'logs' | 'names'>,
    { task, place }: { task: CoreTask; place: TaskPlace },
    sink: EventSink,
  ) {
    this.#services = services;
    this.#task = task;
    this.#place = place;
    this.#sink = sink;
    if (runOf(task) !== undefined)
      this.#run = new RunTelling(
        () => services.core.processRuns.tree(task.spaceId, task.id),
        (event, json) => this.#raw(event, json),
      );
  }

  /** Resolves when the task's end was told, or after `stop`. */
  async run(): Promise<void> {
    const { tasks } = this.#services.core;
    const { spaceId, id } = this.#task;
    const unwatch = tasks.watch(spaceId, id, (change) => {
      if (this.#stopped) return;
      if (this.#changes.push(change) > STREAM_NEWS_WAITING) {
        this.#changes = [];
        this.#sink.cut();
        this.stop();
        return;
      }
      this.#stir();
    });
    // Submitted in this very turn: nothing was missed.
    const missed = tasks.sinceBirth(id);
    for (const change of missed ?? []) {
      this.#changes.push(change);
      if (change.kind === 'attempt' && !this.#attempts.has(change.attempt.id))
        this.#beginAttempt(change.attempt);
    }
    let gathered = false;
    try {
      // Its scripts are sent at the end of this turn: that goes before words about it.
      if (missed !== undefined) await new Promise((resolve) => setImmediate(resolve));
      // The task as it was given is told before anything is read: who submitted it learns its id at once.
      await this.#tellTask(this.#task);
      if (missed === undefined) await this.#catchUp();
      while (!this.#stopped) {
        await this.#takeChanges();
        await this.#sendOutput();
        this.#flush();
        await this.#sink.room();
        if (ENDED.has(this.#task.state) && !gathered) {
          await this.#gather();
          gathered = true;
          continue;
        }
        if (gathered && this.#isAllSent()) {
          await this.#tellEnd();
          return;
        }
        await this.#slept();
      }
    } finally {
      unwatch();
      for (const { stop } of this.#attempts.values()) stop();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stir();
  }

  /** What is there already: read after the watch began, so nothing falls between. */
  async #catchUp(): Promise<void> {
    const { tasks } = this.#services.core;
    const { spaceId, id } = this.#task;
    this.#flush();
    // What attempts and log entries are about is told before them.
    await this.#run?.whole();
    const [, attempts, task] = await Promise.all([
      this.#fillLog(),
      tasks.attempts(spaceId, id),
      tasks.get(spaceId, id),
    ]);
    const over = toldOver(this.#place, attempts);
    for (const attempt of attempts) {
      if (over.has(attempt.id)) {
        const { outputLength: offset, eventCount: event } = attempt;
        this.#beginAttempt(attempt, { offset, event });
      }
      await this.#tellAttempt(attempt);
      await this.#fillEvents(attempt);
    }
    await this.#tellTask(task);
  }

  async #takeChanges(): Promise<void> {
    while (this.#changes.length > 0 && !this.#stopped) {
      const changes = this.#changes;
      this.#changes = [];
      for (const change of changes) await this.#take(change);
    }
  }

  async #take(change: TaskChange): Promise<void> {
    switch (change.kind) {
      case 'task':
        return this.#tellTask(change.task);
      case 'attempt':
        return this.#tellAttempt(change.attempt);
      case 'activity':
        return this.#run?.activity(change.activity);
      case 'interruption':
        return this.#run?.interruption(change.interruption);
      case 'log':
        if ((change.entries[0]?.n ?? 0) > this.#place.log + 1) await this.#fillLog();
        this.#tellLog(change.entries);
        return;
      case 'events': {
        const followed = this.#attempts.get(change.attemptId);
        const first = change.events[0]?.n ?? 0;
        if (followed !== undefined && first > followed.place.event + 1) {
          await this.#readEvents(change.attemptId, followed.place);
        }
        this.#tellEvents(change.attemptId, change.events);
        return;
      }
    }
  }

  async #tellTask(task: CoreTask): Promise<void> {
    // A change heard before the first reading may be older than what was read.
    if (ENDED.has(this.#task.state) && !ENDED.has(task.state)) return;
    this.#task = task;
    const json = JSON.stringify(await taskView(task, this.#services.names));
    if (json === this.#toldTask) return;
    this.#toldTask = json;
    this.#raw('task', json);
  }

  async #tellAttempt(attempt: Attempt): Promise<void> {
    const followed = this.#attempts.get(attempt.id);
    if (followed === undefined) {
      const grown = this.#beginAttempt(attempt);
      // What came before we listened, and is not yet in the attempt's row. Nobody waits for it: reading tells of trouble.
      this.#services.logs.length(attempt.id).then(grown, () => undefined);
    } else if (followed.attempt.endedAt !== null && attempt.endedAt === null) return;
    else followed.attempt = attempt;
    const { id, action, workerId, workerName, state, outcome, message, complete } = await attemptView(
      attempt,
      this.#services.names,
    );
    const told = this.#attempts.get(id);
    const json = JSON.stringify({ id, action, workerId, workerName, state, outcome, message, complete });
    if (told === undefined || json === told.told) return;
    told.told = json;
    this.#raw('attempt', json);
    this.#settle(told);
  }

  /** All of it was told, and nothing more can come: the cursor need not name it. */
  #settle({ attempt, place }: FollowedAttempt): void {
    const { id, complete, outputLength, eventCount } = attempt;
    if (complete && place.offset >= outputLength && place.event >= eventCount) tellOver(this.#place, id);
  }

  /** @param over it was told to its end before a cut: the place counts it */
  #beginAttempt(attempt: Attempt, over?: AttemptPlace): (length: number) => void {
    const { logs } = this.#services;
    const place = over ?? this.#place.attempts.get(attempt.id) ?? { offset: 0, event: 0 };
    if (over === undefined) this.#place.attempts.set(attempt.id, place);
    const followed: FollowedAttempt = {
      attempt,
      place,
      length: attempt.outputLength,
      waits: false,
      told: '',
      stop: () => undefined,
    };
    this.#attempts.set(attempt.id, followed);
    const grown = (length: number): void => {
      if (length <= followed.length) return;
      followed.length = length;
      followed.waits = false;
      this.#stir();
    };
    followed.stop = logs.follow(attempt.id, grown);
    return grown;
  }

  async #fillLog(): Promise<void> {
    const { tasks } = this.#services.core;
    for (;;) {
      const entries = await tasks.log(this.#task.spaceId, this.#task.id, this.#place.log, LARGEST_LIST_LIMIT);
      this.#tellLog(entries);
      if (entries.length < LARGEST_LIST_LIMIT) return;
      this.#flush();
      await this.#sink.room();
    }
  }

  #tellLog(entries: readonly TaskLogEntry[]): void {
    const fresh = entries.filter((entry) => entry.n > this.#place.log);
    const last = fresh.at(-1);
    if (last === undefined) return;
    this.#place.log = last.n;
    this.#event('log', { entries: fresh });
  }

  async #fillEvents({ id, eventCount }: Attempt): Promise<void> {
    const place = this.#attempts.get(id)?.place;
    if (place !== undefined && place.event < eventCount) await this.#readEvents(id, place);
  }

  async #readEvents(attemptId: string, { event }: AttemptPlace): Promise<void> {
    const events = await this.#services.core.tasks.events(this.#task.spaceId, attemptId, event);
    this.#tellEvents(attemptId, events);
  }

  #tellEvents(attemptId: string, events: readonly AttemptEventRecord[]): void {
    const followed = this.#attempts.get(attemptId);
    if (followed === undefined) return;
    for (const event of events) {
      if (event.n <= followed.place.event) continue;
      followed.place.event = event.n;
      this.#event('event', { attemptId, ...event });
    }
    this.#settle(followed);
  }

  /** Each attempt in turn, a chunk at a time, so that a loud one doesn't silence the others. */
  async #sendOutput(): Promise<void> {
    for (let more = true; more && !this.#stopped;) {
      more = false;
      for (const followed of this.#attempts.values()) {
        if (followed.place.offset >= followed.length) continue;
        await this.#sendChunk(followed);
        more ||= followed.place.offset < followed.length;
        this.#flush();
        await this.#sink.room();
      }
      if (this.#changes.length > 0) {
        this.#stir();
        return;
      }
    }
  }

  async #sendChunk(followed: FollowedAttempt): Promise<void> {
    const { attempt, place } = followed;
    const chunk = await this.#services.logs
      .read(attempt.id, place.offset, STREAM_READ_BYTES)
      .catch((thrown: unknown) => {
        if (!isCode(thrown, 'unavailable')) throw thrown;
        followed.waits = true;
        return undefined;
      });
    if (chunk === undefined || chunk.length === 0) {
      // Damaged, and its agent is away; or it was cut off there. It is fetched again, and is told of as growth.
      followed.length = place.offset;
      return;
    }
    let records = '';
    const { whole, rest } = scanRecords(
      chunk,
      (start, end, stream, time) => {
        const base64 = chunk.toString('base64', start + RECORD_HEADER_BYTES, end);
        records += `${records === '' ? '' : ','}{"stream":"${streamName(stream)}","time":${time},"base64":"${base64}"}`;
      },
      { verify: false },
    );
    if (whole === 0) throw new Error(`no record of ${attempt.id} begins at ${place.offset} (${rest})`);
    const from = place.offset;
    place.offset += whole;
    this.#raw(
      'output',
      `{"attemptId":"${attempt.id}","from":${from},"next":${place.offset},"records":[${records}]}`,
    );
    this.#settle(followed);
  }

  /**
   * The task has ended: what is still to be told of it is known now. What was heard is enough when it has an end for
   * each attempt; else the rows are read.
   */
  async #gather(): Promise<void> {
    const { core } = this.#services;
    const followed = [...this.#attempts.values()];
    if (followed.length === 0 || followed.some(({ attempt }) => attempt.endedAt === null)) {
      const [attempts] = await Promise.all([
        core.tasks.attempts(this.#task.spaceId, this.#task.id),
        this.#fillLog(),
      ]);
      for (const attempt of attempts) await this.#tellAttempt(attempt);
    }
    await this.#run?.whole();
    for (const { attempt } of this.#attempts.values()) await this.#fillEvents(attempt);
    for (const one of this.#attempts.values()) one.length = Math.max(one.length, one.attempt.outputLength);
  }

  /** However many changes come meanwhile: nothing that is stored may be missing before the end is told. */
  #isAllSent(): boolean {
    if (this.#changes.length > 0) return false;
    return [...this.#attempts.values()].every(({ place, length, waits }) => !waits && place.offset >= length);
  }

  async #tellEnd(): Promise<void> {
    const { names } = this.#services;
    this.#event('end', {
      task: await taskView(this.#task, names),
      attempts: await Promise.all(
        [...this.#attempts.values()].map(({ attempt }) => attemptView(attempt, names)),
      ),
    });
    this.#flush();
  }

  #event(name: string, data: object): void {
    this.#raw(name, JSON.stringify(data));
  }

  #raw(name: string, json: string): void {
    this.#pending += `id: ${encodeCursor(this.#place)}\nevent: ${name}\ndata: ${json}\n\n`;
  }

  #flush(): void {
    if (this.#pending === '' || this.#stopped) return;
    const text = this.#pending;
    this.#pending = '';
    this.#sink.write(text);
  }

  #stir(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async #slept(): Promise<void> {
    if (!this.#woken) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#woken = false;
  }
}
