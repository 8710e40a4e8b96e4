/**
 * A script under the eyes of all instruments at once: counted, its lines
 * checked as they are stored and as a live follower sees them, and its pace
 * stamped by itself, so that it shows whether anything ever made it wait.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { LiveFollower } from './live-follower.ts';
import { checkLog, longestPauseMs, numberedLines, OUTPUT_STREAMS, type NumberedLines } from './log-oracle.ts';
import type { AttemptBody, TaskBody } from './rest.ts';
import { RunCounter } from './run-counter.ts';
import type { Stage } from './stage.ts';

export class WatchedScript {
  readonly taskId: string;
  readonly follower: LiveFollower;
  readonly #stage: Stage;
  readonly #script: NumberedLines;
  readonly #name: string;
  readonly #counter: RunCounter;

  private constructor(
    stage: Stage,
    {
      taskId,
      script,
      name,
      counter,
    }: { taskId: string; script: NumberedLines; name: string; counter: RunCounter },
  ) {
    this.#stage = stage;
    this.#script = script;
    this.#name = name;
    this.#counter = counter;
    this.taskId = taskId;
    this.follower = new LiveFollower(stage, taskId, script);
  }

  /** @param more of the task: where it runs, and for how long */
  static async start(
    stage: Stage,
    name: string,
    { lines, more }: { lines: NumberedLines; more: { workers: string[]; timeoutMs?: number } },
  ): Promise<WatchedScript> {
    const folder = join(stage.folder, 'runs');
    const counter = new RunCounter(folder);
    const script: NumberedLines = { ...lines, stampFile: join(folder, `${name}.stamps`) };
    const { id } = await stage.rest.script(counter.counted(name, numberedLines(script)), more);
    return new WatchedScript(stage, { taskId: id, script, name, counter });
  }

  /** Of both streams: what its follower sees when it has seen all. */
  get wantedLines(): number {
    return 2 * this.#script.lines;
  }

  /** How long it stood still at most, so far. */
  get longestPauseMs(): number {
    return longestPauseMs(readFileSync(this.#script.stampFile!, 'utf8'));
  }

  /** @throws Error unless it ran once, ended with its code, and every line of it is stored, and was seen live, once and in order */
  async expectWhole({ timeoutMs = 60_000 } = {}): Promise<{ task: TaskBody; attempt: AttemptBody }> {
    const { rest } = this.#stage;
    try {
      const ended = await rest.ended(this.taskId, { timeoutMs });
      const { outcome, id } = ended.attempt;
      if (outcome?.kind !== 'exited' || outcome.code !== (this.#script.exitCode ?? 0))
        throw new Error(`${this.#name} ended as ${JSON.stringify(outcome)}: ${ended.task.message}`);
      await this.follower.expectAll();
      const [stdout, stderr] = await Promise.all(
        OUTPUT_STREAMS.map((stream) => rest.bytes(`/attempts/${id}/output?stream=${stream}`)),
      );
      checkLog({ stdout: stdout!, stderr: stderr! }, this.#script);
      this.#counter.expectEachOnce([this.#name]);
      return ended;
    } finally {
      this.follower.stop();
    }
  }
}
