/**
 * Many scripts whose ends and whose every line are known beforehand, and the
 * check that each was started once and has its true outcome and its exact log.
 */
import { expect } from '@jest/globals';

import { SegmentHasher } from '@longshore/protocol/segments';

import type { Schedule } from './faults.ts';
import { checkLog, numberedLines, type NumberedLines } from './log-oracle.ts';
import { ENDED, type AttemptBody, type RestClient, type TaskBody } from './rest.ts';
import type { RunCounter } from './run-counter.ts';
import { until } from './until.ts';

export interface LoadOptions {
  rest: () => RestClient;
  counter: RunCounter;
  schedule: Schedule;
  pool: string;
  /** Of the scripts' names: no other load of the stage has it. */
  prefix: string;
  /** How long a script prints, about. */
  shortestMs: number;
  longestMs: number;
  linesPerSecond: number;
  lineBytes?: number;
}

interface Script {
  name: string;
  lines: NumberedLines;
  exitCode: number;
  /** Empty when the answer to its submission was lost: the server may have the task, or not. */
  taskId: string;
}

const LIST_LIMIT = 1000;
const EXIT_CODES = [0, 0, 0, 1, 3, 77];

export class ScriptLoad {
  readonly #options: LoadOptions;
  readonly #scripts: Script[] = [];
  /** Tasks whose end a client has seen. */
  readonly #seenEnded = new Set<string>();

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#scripts.length;
  }

  /** Of the tasks that were acknowledged to us. */
  get accepted(): string[] {
    return this.#scripts.flatMap(({ taskId }) => (taskId === '' ? [] : [taskId]));
  }

  /** Of those whose end was shown to us. */
  get seenEnded(): ReadonlySet<string> {
    return this.#seenEnded;
  }

  /** All at once. A server that goes away meanwhile leaves some without an answer. */
  async submit(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#submit()));
  }

  async #submit(): Promise<void> {
    const {
      schedule,
      counter,
      pool,
      prefix,
      shortestMs,
      longestMs,
      linesPerSecond,
      lineBytes = 40,
    } = this.#options;
    const name = `${prefix}${this.#scripts.length + 1}`;
    const exitCode = schedule.pick(EXIT_CODES);
    const seconds = schedule.between(shortestMs, longestMs) / 1000;
    const lines = { lines: Math.ceil(seconds * linesPerSecond), linesPerSecond, exitCode, lineBytes };
    const script: Script = { name, lines, exitCode, taskId: '' };
    this.#scripts.push(script);
    const body = counter.counted(name, numberedLines(lines));
    try {
      script.taskId = (await this.#options.rest().script(body, { pool, name })).id;
    } catch (thrown) {
      // Refused is refused; only a connection that went leaves it open.
      if (!isLostConnection(thrown)) throw thrown;
    }
  }

  /** Remembers which tasks a client has seen the end of. */
  async look(): Promise<void> {
    for (const { id, state } of await this.#tasks()) if (ENDED.includes(state)) this.#seenEnded.add(id);
  }

  /** Every task that the server has, ours and without an answer, has ended and all of it is stored. */
  async ended({ timeoutMs = 60_000 } = {}): Promise<TaskBody[]> {
    let open: TaskBody[] = [];
    return until(
      `all ${this.size} scripts have ended`,
      async () => {
        const tasks = await this.#tasks().catch((thrown: unknown) => {
          if (isLostConnection(thrown)) return undefined;
          throw thrown;
        });
        if (tasks === undefined) return undefined;
        open = tasks.filter(({ state }) => !ENDED.includes(state));
        const missing = this.accepted.filter((id) => !tasks.some((task) => task.id === id));
        if (missing.length > 0) throw new Error(`tasks that were accepted are gone: ${missing.join(', ')}`);
        return open.length === 0 ? tasks : undefined;
      },
      { timeoutMs, pauseMs: 200 },
    ).catch((thrown: unknown) => {
      const shown = open.map(({ id, name, state, waitReason }) => `${id} ${name} ${state}: ${waitReason}`);
      throw new Error(`still open:\n${shown.join('\n')}`, { cause: thrown });
    });
  }

  /** Each script: started once, its real exit code, its exact log, the digest of the stored bytes. */
  async expectExact(options: { timeoutMs?: number } = {}): Promise<void> {
    const tasks = await this.ended(options);
    const byName = new Map(tasks.map((task) => [task.name, task]));
    const ran = this.#scripts.filter(({ name, taskId }) => taskId !== '' || byName.has(name));
    for (const script of ran) await this.#expectOne(script, byName.get(script.name)!, options);
    const { counter } = this.#options;
    counter.expectEachOnce(ran.map(({ name }) => name));
    for (const { name } of this.#scripts.filter((script) => !ran.includes(script)))
      expect(`${name}: ${counter.starts(name)} starts`).toBe(`${name}: 0 starts`);
  }

  async #expectOne(script: Script, task: TaskBody, options: { timeoutMs?: number }): Promise<void> {
    const rest = this.#options.rest();
    const { name, exitCode, lines } = script;
    const { attempt } = await rest.ended(task.id, options);
    const attempts = await rest.attempts(task.id);
    // A try before it was denied: it never started.
    const started = attempts.filter(({ state }) => state !== 'denied');
    expect({ name, started: started.length }).toEqual({ name, started: 1 });
    expect({ name, state: task.state, outcome: attempt.outcome }).toEqual({
      name,
      state: exitCode === 0 ? 'success' : 'failed',
      outcome: { kind: 'exited', code: exitCode },
    });
    const output = (stream: string): Promise<Buffer> =>
      rest.bytes(`/attempts/${attempt.id}/output?stream=${stream}`);
    const [stdout, stderr] = await Promise.all([output('stdout'), output('stderr')]);
    checkLog({ stdout, stderr }, lines);
    await expectWhole(rest, attempt.id);
  }

  /** Newest first; those of this load only. */
  async #tasks(): Promise<TaskBody[]> {
    const rest = this.#options.rest();
    const found: TaskBody[] = [];
    for (let before = ''; ;) {
      const query = before === '' ? '' : `&before=${before}`;
      const { items } = await rest.get<{ items: TaskBody[] }>(`/tasks?limit=${LIST_LIMIT}${query}`);
      found.push(...items.filter(({ name }) => name.startsWith(this.#options.prefix)));
      const last = items.at(-1);
      if (last === undefined || items.length < LIST_LIMIT) return found;
      before = last.id;
    }
  }
}

/** The stored bytes are those of which the agent told length and digest. */
export async function expectWhole(rest: RestClient, attemptId: string): Promise<void> {
  const attempt = await rest.get<AttemptBody>(`/attempts/${attemptId}`);
  const hasher = new SegmentHasher();
  hasher.add(await rest.bytes(`/attempts/${attemptId}/spool`));
  const { digest, length } = hasher.finish();
  expect({ attemptId, length, digest: digest.toString('hex') }).toEqual({
    attemptId,
    length: attempt.outputLength,
    digest: attempt.digest,
  });
}

/** By its name: fetch's errors are of another realm than a test's. */
function isLostConnection(thrown: unknown): boolean {
  return (thrown as Error).name === 'TypeError' && (thrown as Error).cause !== undefined;
}
