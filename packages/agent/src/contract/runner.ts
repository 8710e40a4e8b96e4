/**
 * What the script host asks of a runner (process, terminal, later container).
 * A runner starts one script and hands its raw bytes on; it knows nothing of
 * spools, masks, events or outcomes.
 */
export interface RunRequest {
  attemptId: string;
  /** argv[0] is the absolute path of the interpreter. Never holds a secret. */
  argv: string[];
  cwd: string;
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  /** User name to run as; empty is the agent's own. */
  runAs: string;
  terminal: { columns: number; rows: number } | null;
  /** 0: no bound. */
  maxProcesses: number;
}

export type RunExit = { kind: 'exited'; code: number } | { kind: 'signalled'; name: string };

export interface RunOutput {
  /**
   * Bytes as read, valid only during the call. Returns false to ask for no
   * more until `resume` (the disk is full, or the quota reached).
   */
  (stream: 'stdout' | 'stderr', bytes: Buffer): boolean;
}

export interface Run {
  readonly pid: number;
  /** What was asked for and could not be had here, for people; the script runs all the same. */
  readonly lacks: readonly string[];
  /**
   * Resolves when the process itself has ended and what it had written is
   * read; an orphan that holds a pipe open delays it by a short, stated grace only.
   */
  readonly exited: Promise<RunExit>;
  resume(): void;
  /** TERM to the process group. */
  terminate(): void;
  /**
   * KILL to all that belongs to the attempt, also what called `setsid`: by
   * cgroup, else by a repeated sweep. Resolves when it is gone; `proven` is
   * false where that could not be shown.
   */
  killAll(): Promise<{ proven: boolean }>;
  /**
   * After the end: gives back what was kept for the run (its cgroup). False
   * while something that the script left behind still runs.
   */
  release?(): boolean;
  /** Terminal only. */
  resize?(columns: number, rows: number): void;
  write?(bytes: Uint8Array): void;
}

export interface Runner {
  /** @throws AppError `unavailable` when the process can't be made */
  start(request: RunRequest, output: RunOutput): Promise<Run>;
}
