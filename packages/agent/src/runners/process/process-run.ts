/**
 * One process that the runner started.
 *
 *   reading ──process ends──▶ ended, pipes at their end ──▶ done
 *                         └─▶ ended, an orphan holds a pipe ──grace──▶ done
 *
 * Always true: `exited` resolves once, after the last `output` call; what
 * belongs to the run is signalled only while its process or its cgroup is
 * known to be its own.
 */
import { constants } from 'node:os';

import { type Cancel, type Clock } from '@longshore/base';

import { ATTEMPT_TAG } from '../../contract/host-record.ts';
import type { Run, RunExit, RunOutput } from '../../contract/runner.ts';
import { type ProcessFacts, signal, sweep } from '../../machine/processes.ts';
import type { AttemptCgroup } from './attempt-cgroup.ts';
import type { Started, StartHandler } from './start.ts';

/** How long an orphan (`exec > >(tee log)`) may still write after the script's process has ended. */
const ORPHAN_GRACE_MS = 250;

export interface RunParts {
  attemptId: string;
  cgroup: AttemptCgroup | null;
  lacks: readonly string[];
  output: RunOutput;
  clock: Clock;
  /** Whether an orphan that came to us can only be this run's. */
  ownsOrphan: (facts: ProcessFacts) => boolean;
  /** Takes the dead children that came to us. */
  reap: () => void;
}

export class ProcessRun implements Run, StartHandler {
  readonly #parts: RunParts;
  readonly #open = new Set<'stdout' | 'stderr'>(['stdout', 'stderr']);
  readonly exited: Promise<RunExit>;
  #resolve: (exit: RunExit) => void = () => undefined;
  #started: Started | undefined;
  #exit: RunExit | undefined;
  #done = false;
  #cancelGrace: Cancel = () => undefined;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.exited = new Promise((resolve) => (this.#resolve = resolve));
  }

  attach(started: Started): void {
    this.#started = started;
    if (this.#done) started.close();
  }

  get lacks(): readonly string[] {
    return this.#parts.lacks;
  }

  get pid(): number {
    return this.#started?.pid ?? 0;
  }

  resume(): void {
    if (!this.#done) this.#started?.resume();
  }

  terminate(): void {
    // Once the process is reaped its group id may be another's.
    if (this.#exit === undefined && this.pid > 0) signal(-this.pid, 'SIGTERM');
  }

  async killAll(): Promise<{ proven: boolean }> {
    const { cgroup, attemptId, clock, ownsOrphan, reap } = this.#parts;
    if (cgroup !== null) {
      const proven = await cgroup.kill();
      reap();
      return { proven };
    }
    if (this.#exit === undefined && this.pid > 0) signal(-this.pid, 'SIGKILL');
    await sweep({ tag: `${ATTEMPT_TAG}=${attemptId}`, leader: this.pid, alsoOwn: ownsOrphan }, clock);
    reap();
    return { proven: false };
  }

  /** After the end: false while something that the script left behind still runs. */
  release(): boolean {
    return this.#parts.cgroup?.remove() ?? true;
  }

  output(stream: 'stdout' | 'stderr', bytes: Buffer): boolean {
    return this.#parts.output(stream, bytes);
  }

  end(stream: 'stdout' | 'stderr'): void {
    this.#open.delete(stream);
    if (this.#exit !== undefined && this.#open.size === 0) this.#finish(this.#exit);
  }

  exit(code: number, signalNumber: number): void {
    const exit: RunExit =
      signalNumber === 0 ? { kind: 'exited', code } : { kind: 'signalled', name: signalName(signalNumber) };
    this.#exit = exit;
    if (this.#open.size === 0) this.#finish(exit);
    else this.#cancelGrace = this.#parts.clock.after(ORPHAN_GRACE_MS, () => this.#finish(exit));
  }

  #finish(exit: RunExit): void {
    if (this.#done) return;
    this.#cancelGrace();
    this.#started?.close();
    this.#done = true;
    this.#resolve(exit);
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}
