/**
 * One attempt in its host, from the Start to outcome.json. What may follow
 * what is attempt-stage.ts; here is what is done at each step.
 *
 * Always true: outcome.json is written once, after every byte and event is on
 * disk and the process is gone; the variables file goes with the end; the
 * isolation lock is held from before the process until after the outcome. What
 * a full disk does not take waits: an end that can't be written is no end yet.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Cancel, type Clock, isCode, type Logger, toError } from '@longshore/base';
import { type AttemptState } from '@longshore/protocol/gen/longshore/host/v1/host';
import {
  Isolation_Mode,
  Level,
  Phase,
  RefusedReason,
  type ScriptSpec,
} from '@longshore/protocol/gen/longshore/link/v1/attempt';

import type { Run, Runner } from '../contract/runner.ts';
import type { OutcomeFile, WorkspacePaths } from '../contract/workspace.ts';
import { DEFAULT_GRACE_MS, ISOLATION_NOTE_INTERVAL_MS } from '../limits.ts';
import { writeOutcome } from '../machine/write-outcome.ts';
import { copyArtifact, type NamedArtifact } from './artifacts.ts';
import {
  nextStage,
  type OutcomeKind,
  type Stage,
  type StageEvent,
  type StopReason,
} from './attempt-stage.ts';
import { attemptSecretsFolder, removeFolder } from './folders.ts';
import { refusedBy, untilDone, whenRoom } from './full-disk.ts';
import type { Isolation } from './isolation.ts';
import { Output } from './output.ts';
import { layScript } from './script.ts';
import type { EventKind } from './service-messages.ts';

export interface AttemptServices {
  hostId: string;
  clock: Clock;
  logger: Logger;
  runners: { process: Runner; terminal: () => Runner };
  isolation: Isolation;
  secretsFolder: string;
  /** The laid functions for scripts. */
  helpers: string;
  /** Something changed: `flush` and `state` are called before the turn is over. */
  changed: (attempt: Attempt) => void;
  ended: (attempt: Attempt) => void;
}

const PHASES: Record<Stage['at'], Phase> = {
  waiting: Phase.WAITING,
  starting: Phase.RUNNING,
  running: Phase.RUNNING,
  stopping: Phase.RUNNING,
  ending: Phase.RUNNING,
  ended: Phase.ENDED,
};

export class Attempt {
  readonly id: string;
  readonly #paths: WorkspacePaths;
  readonly #spec: ScriptSpec;
  readonly #services: AttemptServices;
  readonly #output: Output;
  readonly #artifacts: NamedArtifact[] = [];
  #stage: Stage = { at: 'waiting' };
  #run: Run | null = null;
  #secrets = '';
  #message = '';
  #artifactCount = 0;
  #startedAtMs = 0;
  #unproven = false;
  /** What its end waits for. */
  #stuck = '';
  /** Asked to stop while it ends: what the script has made elsewhere is not waited for any more. */
  readonly #hurry = new AbortController();
  /** Time-out, grace, and the lock's notes: whatever is armed in the present stage. */
  #timers: Cancel[] = [];

  constructor(id: string, start: { paths: WorkspacePaths; spec: ScriptSpec }, services: AttemptServices) {
    this.id = id;
    this.#paths = start.paths;
    this.#spec = start.spec;
    this.#services = services;
    mkdirSync(start.paths.spool, { recursive: true, mode: 0o700 });
    this.#output = new Output({
      paths: start.paths,
      quotaBytes: start.spec.outputQuotaBytes,
      largestBytes: start.spec.largestLogBytes,
      secrets: start.spec.variables.filter((v) => v.sensitive).map((v) => v.value),
      clock: services.clock,
      logger: services.logger,
      grew: () => services.changed(this),
      resume: () => this.#run?.resume(),
      seen: (event) => this.#seen(event),
    });
  }

  get ended(): boolean {
    return this.#stage.at === 'ended';
  }

  get state(): AttemptState {
    return {
      attemptId: this.id,
      phase: PHASES[this.#stage.at],
      outputLength: this.#output.written,
      eventCount: this.#output.eventsWritten,
      ended: this.ended,
      stuck: this.#stuck || this.#output.stuck,
    };
  }

  /** Takes the lock, if any, and starts; returns at once. */
  begin(): void {
    const { isolation } = this.#spec;
    const { clock } = this.#services;
    if (isolation === undefined) {
      this.#next({ on: 'granted' });
      return;
    }
    const mode = isolation.mode === Isolation_Mode.READER ? 'reader' : 'writer';
    const granted = (): void => {
      this.#clearTimers();
      this.#next({ on: 'granted' });
    };
    this.#services.isolation.request({ attemptId: this.id, name: isolation.name, mode, granted });
    if (this.#stage.at !== 'waiting') return;
    const tell = (): void => {
      const holders = this.#services.isolation.holders(isolation.name).join(', ');
      this.#output.note(
        Level.WAIT,
        `Waits for the lock "${isolation.name}", held by ${holders || 'an earlier request'}.`,
      );
    };
    tell();
    this.#timers.push(clock.every(ISOLATION_NOTE_INTERVAL_MS, tell));
  }

  stop(why: StopReason): void {
    if (this.#stage.at === 'ending') this.#hurry.abort();
    this.#next({ on: 'stop', why });
  }

  /** Writes what was gathered in this turn. */
  flush(): void {
    if (!this.ended) this.#output.flush();
  }

  acknowledged(offset: number): void {
    if (!this.ended) this.#output.acknowledged(offset);
  }

  resize(columns: number, rows: number): void {
    this.#run?.resize?.(columns, rows);
  }

  input(bytes: Uint8Array): void {
    this.#run?.write?.(bytes);
  }

  /** The one place where the stage changes, and what follows from it. */
  #next(event: StageEvent): void {
    const before = this.#stage;
    this.#stage = nextStage(before, event);
    if (this.#stage === before) return;
    this.#services.changed(this);
    switch (this.#stage.at) {
      case 'starting':
        if (before.at === 'waiting') void this.#start();
        return;
      case 'running':
        this.#armTimeout();
        return;
      case 'stopping':
        this.#terminate();
        return;
      case 'ending':
        void this.#end(this.#stage.outcome, this.#stage.stopped);
        return;
      case 'waiting':
      case 'ended':
        return;
    }
  }

  async #start(): Promise<void> {
    const { runners, secretsFolder, clock, hostId, helpers } = this.#services;
    const { terminal, runAs, maxProcesses } = this.#spec;
    try {
      this.#secrets = attemptSecretsFolder(secretsFolder, this.id);
      const { root, work } = this.#paths;
      const laid = layScript({
        attemptId: this.id,
        hostId,
        spec: this.#spec,
        work,
        secrets: this.#secrets,
        helpers,
        onTheWay: [secretsFolder, join(root, '..', '..'), join(root, '..'), root],
      });
      const runner = terminal === undefined ? runners.process : runners.terminal();
      this.#startedAtMs = clock.now();
      const run = await runner.start(
        {
          attemptId: this.id,
          argv: laid.argv,
          cwd: work,
          env: laid.env,
          runAs,
          terminal: terminal ?? null,
          maxProcesses,
        },
        (stream, bytes) => this.#take(stream, bytes),
      );
      this.#run = run;
      for (const lack of run.lacks) this.#output.note(Level.WARNING, lack);
      this.#next({ on: 'started' });
      void run.exited.then((exit) => this.#next({ on: 'exited', exit }));
    } catch (thrown) {
      this.#failed(toError(thrown));
    }
  }

  #failed(error: Error): void {
    this.#services.logger.warn('attempt could not be started', { attemptId: this.id, error });
    const reason =
      isCode(error, 'invalid') || isCode(error, 'notFound') ? RefusedReason.INVALID : refusedBy(error);
    this.#next({ on: 'failed', reason, detail: error.message });
  }

  /** Never throws: it is called from within the runner. */
  #take(stream: 'stdout' | 'stderr', bytes: Buffer): boolean {
    try {
      return this.#output.push(stream, bytes);
    } catch (thrown) {
      this.#services.logger.error('output could not be stored', {
        attemptId: this.id,
        error: toError(thrown),
      });
      this.stop({
        kind: 'interrupted',
        detail: `its output could not be stored: ${toError(thrown).message}`,
      });
      return true;
    }
  }

  #armTimeout(): void {
    const { timeoutMs } = this.#spec;
    if (timeoutMs === 0) return;
    this.#timers.push(this.#services.clock.after(timeoutMs, () => this.stop({ kind: 'timedOut' })));
  }

  #terminate(): void {
    const run = this.#run;
    if (run === null) return;
    this.#clearTimers();
    run.terminate();
    const graceMs = this.#spec.graceMs === 0 ? DEFAULT_GRACE_MS : this.#spec.graceMs;
    this.#timers.push(this.#services.clock.after(graceMs, () => void this.#killAll(run)));
  }

  async #killAll(run: Run): Promise<void> {
    const { proven } = await run.killAll();
    if (!proven) this.#unproven = true;
  }

  async #end(outcome: OutcomeKind, stopped: boolean): Promise<void> {
    this.#clearTimers();
    let file: OutcomeFile;
    try {
      if (this.#run !== null) await this.#afterProcess(this.#run, stopped);
      this.#output.end();
      if (this.#artifacts.length > 0) await this.#takeArtifacts();
      this.#output.flush();
      if (!this.#isStored()) await this.#output.stored();
      file = this.#outcome(outcome);
    } catch (thrown) {
      const error = toError(thrown);
      this.#services.logger.error('attempt could not be brought to its end', { attemptId: this.id, error });
      file = this.#outcome({ kind: 'interrupted', detail: `its end could not be stored: ${error.message}` });
    }
    await this.#store(file);
    this.#letGo();
    this.#next({ on: 'stored' });
    this.#services.ended(this);
  }

  /** However long it takes: how it ended is known, and nothing else may be told. */
  #store(file: OutcomeFile): Promise<void> {
    const { clock, logger } = this.#services;
    const refused = (error: Error): void => {
      if (this.#stuck !== '') return;
      logger.error('an outcome waits to be written', { attemptId: this.id, error });
      this.#stuck = `its outcome can't be written (${error.message})`;
      this.#services.changed(this);
    };
    return untilDone(() => writeOutcome(this.#paths, file), { clock, refused });
  }

  #isStored(): boolean {
    return (
      this.#output.written === this.#output.offset && this.#output.eventsWritten === this.#output.eventCount
    );
  }

  async #afterProcess(run: Run, stopped: boolean): Promise<void> {
    if (stopped) await this.#killAll(run);
    if (run.release?.() === false)
      this.#output.note(
        Level.WARNING,
        'The script has ended; processes that it started in the background still run.',
      );
  }

  #outcome(outcome: OutcomeKind): OutcomeFile {
    const summary = this.#output.finish();
    return {
      version: 1,
      outcome,
      message: this.#message,
      bestEffortCleanup: this.#unproven,
      startedAtMs: this.#startedAtMs,
      endedAtMs: this.#services.clock.now(),
      outputLength: summary.length,
      eventCount: this.#output.eventCount,
      artifactCount: this.#artifactCount,
      segmentDigests: summary.segmentDigests.map((digest) => digest.toString('hex')),
      digest: summary.digest.toString('hex'),
    };
  }

  #letGo(): void {
    if (this.#secrets !== '') removeFolder(this.#secrets);
    const { isolation } = this.#spec;
    if (isolation !== undefined) this.#services.isolation.release(isolation.name, this.id);
    this.#output.close();
    this.#run = null;
  }

  /** Whether the event is written now; an artifact's follows when it is copied. */
  #seen(event: EventKind): boolean {
    if (event.$case === 'resultMessage') this.#message = event.value.text;
    if (event.$case !== 'newArtifact') return true;
    this.#artifacts.push({ name: event.value.name, path: event.value.path, offset: this.#output.offset });
    return false;
  }

  async #takeArtifacts(): Promise<void> {
    const request = {
      work: this.#paths.work,
      folder: this.#paths.artifacts,
      foreignUser: this.#spec.runAs !== '',
    };
    for (const artifact of this.#artifacts) {
      const index = this.#artifactCount;
      try {
        const full = (): void =>
          this.#output.note(
            Level.WAIT,
            `The artifact "${artifact.name || artifact.path}" waits: the disk of the machine is full.`,
          );
        await whenRoom(() => copyArtifact(artifact, index, request), {
          clock: this.#services.clock,
          signal: this.#hurry.signal,
          full,
        });
        this.#artifactCount += 1;
        this.#output.event(
          { $case: 'newArtifact', value: { index, name: artifact.name, path: artifact.path } },
          artifact.offset,
        );
      } catch (thrown) {
        this.#output.note(Level.WARNING, toError(thrown).message);
      }
    }
  }

  #clearTimers(): void {
    for (const cancel of this.#timers.splice(0)) cancel();
  }
}
