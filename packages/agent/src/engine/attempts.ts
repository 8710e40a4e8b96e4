/**
 * All attempts of this agent: read from the workspaces at the start, kept in
 * step with the script host, judged when their host is gone.
 *
 * Always true: an attempt is in this table from before its start is handed to
 * the host until its workspace goes; nothing is called interrupted while its
 * process may live.
 */
import { toError, type Clock, type Logger } from '@longshore/base';
import type { AttemptState, HostWelcome, StartFailed } from '@longshore/protocol/gen/longshore/host/v1/host';
import { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { workspacePaths } from '../contract/workspace.ts';
import { judge } from '../domain/recovery.ts';
import {
  ACK_SAVE_MS,
  ATTEMPTS_KEPT,
  ATTEMPTS_UNDER_WAY,
  JANITOR_INTERVAL_MS,
  REMOVE_INLINE_BYTES,
  UNKNOWN_KEPT_MS,
  UNRELEASED_KEPT_MS,
} from '../limits.ts';
import type { HostListener, HostPort } from './host-port.ts';
import { closeBooks, type EarlyEnd } from './interrupted.ts';
import { LocalAttempt } from './local-attempt.ts';
import { phaseFromWire } from './names.ts';
import { toWire } from './outcome-file.ts';
import type { TombstoneFile } from './tombstone-file.ts';
import { listWorkspaces, readState, removeWorkspace, wasBegun } from './workspace-files.ts';
import { WorkspacePool } from './workspace-pool.ts';

export interface AttemptsOptions {
  dataDir: string;
  bootId: string;
  host: HostPort;
  tombstones: TombstoneFile;
  /** Of the original, where this data directory is a copy: what they have is not ours to finish. */
  foreignHosts: ReadonlySet<string>;
  /** Told when the reason for taking no attempt changes; empty: attempts are taken. */
  quarantined: (reason: string) => void;
  clock: Clock;
  logger: Logger;
}

export class Attempts implements HostListener {
  readonly pool: WorkspacePool;
  readonly #options: AttemptsOptions;
  readonly #byId = new Map<string, LocalAttempt>();
  readonly #hosts = new Map<string, Set<string>>();
  /** Hosts that are gone, and whether that was proven. */
  readonly #gone = new Map<string, boolean>();
  /** Why no attempt is taken, by host: what that left behind when it died could not be shown to be gone. */
  readonly #unclear = new Map<string, string>();
  readonly #stops: (() => void)[];
  readonly #closings = new Set<Promise<void>>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.pool = new WorkspacePool(options.dataDir);
    const { clock } = options;
    this.#stops = [
      clock.every(ACK_SAVE_MS, () => this.#saveAcks()),
      clock.every(JANITOR_INTERVAL_MS, () => this.sweep()),
    ];
  }

  get quarantined(): string {
    return [...this.#unclear.values()].join('; ');
  }

  get(id: string): LocalAttempt | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<LocalAttempt> {
    return this.#byId.values();
  }

  /** Why no more is taken: it has so many. Empty: there is room. */
  get tooMany(): string {
    if (this.#byId.size >= ATTEMPTS_KEPT) return `the agent has ${this.#byId.size} attempts`;
    if (this.#byId.size < ATTEMPTS_UNDER_WAY) return '';
    let underWay = 0;
    for (const { ended } of this.#byId.values()) if (!ended) underWay += 1;
    return underWay < ATTEMPTS_UNDER_WAY ? '' : `${underWay} attempts are under way`;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Reads every workspace again: what a link that was killed, or restarted, takes up. */
  async recover(): Promise<void> {
    const { dataDir, logger } = this.#options;
    for (const id of listWorkspaces(dataDir)) {
      const paths = workspacePaths(dataDir, id);
      const state = readState(paths);
      // One that names another attempt would be taken for it, and is as good as none.
      if (state?.attemptId !== id) {
        logger.info('removing a workspace that was never handed to a script host', { attemptId: id });
        removeWorkspace(paths, 0);
        continue;
      }
      const attempt = new LocalAttempt(dataDir, state);
      this.#byId.set(id, attempt);
      this.#hasOutcome(attempt);
    }
    await Promise.all(this.#closings);
  }

  /** After the host port has told of every host that there is. */
  judgeAll(): void {
    for (const attempt of this.#byId.values()) this.#judge(attempt);
  }

  add(attempt: LocalAttempt): void {
    this.#byId.set(attempt.id, attempt);
    this.#hosts.get(attempt.state.handedTo)?.add(attempt.id);
  }

  /** Its server has all of it, or its time is over: never to be started again, and gone. */
  remove(attempt: LocalAttempt): void {
    const { tombstones, host } = this.#options;
    tombstones.add(attempt.id);
    attempt.follower?.drop(attempt);
    attempt.spool.close();
    this.#byId.delete(attempt.id);
    for (const ids of this.#hosts.values()) ids.delete(attempt.id);
    host.forget(attempt.id);
    if (this.#usableAgain(attempt)) this.pool.give(attempt.paths);
    else removeWorkspace(attempt.paths, attempt.outputLength);
  }

  connected(welcome: HostWelcome): void {
    this.#gone.delete(welcome.hostId);
    const { host } = this.#options;
    this.#hosts.set(
      welcome.hostId,
      new Set([...welcome.attempts.map(({ attemptId }) => attemptId), ...host.starting(welcome.hostId)]),
    );
    for (const state of welcome.attempts) this.state(state);
    for (const attempt of this.#byId.values()) {
      if (attempt.state.handedTo !== welcome.hostId || attempt.ended) continue;
      this.#judge(attempt);
      // A cancel that came while the socket was down.
      if (attempt.state.cancelRequested && !attempt.closing)
        this.#options.host.cancel(attempt.id, 'asked for before');
    }
  }

  state(state: AttemptState): void {
    const attempt = this.#byId.get(state.attemptId);
    if (attempt === undefined || attempt.ended) return;
    attempt.taken();
    attempt.reached({
      phase: phaseFromWire(state.phase),
      outputLength: state.outputLength,
      eventCount: state.eventCount,
    });
    if (attempt.stuck !== state.stuck) this.#stuck(attempt, state.stuck);
    if (state.ended && !this.#readEnd(attempt)) return;
    attempt.follower?.grown(attempt);
  }

  /** The disk does not take the note on it, so it is told by word. */
  #stuck(attempt: LocalAttempt, stuck: string): void {
    attempt.stuck = stuck;
    if (stuck !== '') attempt.follower?.warn(attempt, `The script waits: ${stuck}.`);
  }

  startFailed({ attemptId, reason, detail }: StartFailed): void {
    const attempt = this.#byId.get(attemptId);
    if (attempt !== undefined) void this.#close(attempt, { kind: 'refused', reason, detail });
  }

  async hostGone(hostId: string, { proven }: { proven: boolean }): Promise<void> {
    this.#hosts.delete(hostId);
    this.#gone.set(hostId, proven);
    if (this.#unclear.delete(hostId)) {
      this.#options.logger.info('no longer quarantined', { hostId });
      this.#options.quarantined(this.quarantined);
    }
    this.judgeAll();
    await Promise.all(this.#closings);
  }

  hostUnclear(hostId: string, detail: string): void {
    this.#hosts.delete(hostId);
    if (this.#unclear.has(hostId)) return;
    this.#options.logger.error('quarantined', { hostId, detail });
    this.#unclear.set(
      hostId,
      `script host ${hostId} ended, and what it left behind may still run: ${detail}`,
    );
    this.#options.quarantined(this.quarantined);
  }

  /** The janitor: what nobody asks for any more, within stated limits. */
  sweep(): void {
    const { clock, tombstones, logger } = this.#options;
    for (const attempt of [...this.#byId.values()]) {
      if (attempt.outcome === undefined) continue;
      const since = clock.since(attempt.outcome.endedAtMs);
      const unknown = attempt.unknownSince !== undefined && since > UNKNOWN_KEPT_MS;
      if (!unknown && (attempt.follower !== undefined || since <= UNRELEASED_KEPT_MS)) continue;
      logger.warn('removing an attempt that no server asked for in time', {
        attemptId: attempt.id,
        endedAtMs: attempt.outcome.endedAtMs,
      });
      this.remove(attempt);
    }
    tombstones.expire();
  }

  /** Its processes are proven gone, they were this user's, and what it left is small. */
  #usableAgain({ outcome, outputLength }: LocalAttempt): boolean {
    const ran = outcome?.kind?.$case;
    return (
      (ran === 'exited' || ran === 'signalled' || ran === 'cancelled' || ran === 'timedOut') &&
      !outcome?.bestEffortCleanup &&
      outcome?.artifactCount === 0 &&
      outputLength <= REMOVE_INLINE_BYTES
    );
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#saveAcks();
    await Promise.all(this.#closings);
    await this.pool.close();
    this.#options.tombstones.close();
    for (const attempt of this.#byId.values()) attempt.spool.close();
  }

  /** Its host says that it has ended. @returns whether its outcome is known */
  #readEnd(attempt: LocalAttempt): boolean {
    if (!this.#hasOutcome(attempt)) this.#unreadable(attempt, new Error('there is no outcome.json'));
    return attempt.ended;
  }

  /** Also one that can't be read: that it ended is known. */
  #hasOutcome(attempt: LocalAttempt): boolean {
    try {
      return attempt.readOutcome();
    } catch (thrown) {
      this.#unreadable(attempt, toError(thrown));
      return true;
    }
  }

  #unreadable(attempt: LocalAttempt, error: Error): void {
    this.#options.logger.error('an outcome can not be read', { attemptId: attempt.id, error });
    void this.#close(attempt, { kind: 'interrupted', detail: 'its outcome could not be read' });
  }

  #judge(attempt: LocalAttempt): void {
    if (attempt.ended || attempt.closing) return;
    if (this.#hasOutcome(attempt)) {
      // Found before its host's word of it, which will tell nothing new: whoever follows it hears of it here, or never.
      attempt.taken();
      attempt.follower?.grown(attempt);
      return;
    }
    const { bootId, host, foreignHosts } = this.#options;
    const found = { ...attempt.state, begun: () => wasBegun(attempt.paths) };
    const verdict = judge(attempt.id, found, {
      bootId,
      connected: this.#hosts,
      gone: this.#gone,
      known: (hostId) => host.knows(hostId),
      foreign: foreignHosts,
    });
    if (verdict.kind === 'live') return;
    if (verdict.kind === 'neverTaken') {
      this.#neverTaken(attempt);
      return;
    }
    const { detail, proven } = verdict;
    void this.#close(attempt, { kind: 'interrupted', detail }, { bestEffortCleanup: !proven });
  }

  /**
   * Its server finds that it is not listed, and sends it again. One that a session has listed is denied by its outcome,
   * for what is listed is not sent again.
   */
  #neverTaken(attempt: LocalAttempt): void {
    this.#options.logger.info('an attempt had not reached its script host', { attemptId: attempt.id });
    if (attempt.follower !== undefined) {
      const detail = 'the agent was started anew before its script host had it';
      void this.#close(attempt, { kind: 'refused', reason: RefusedReason.DRAINING, detail });
      return;
    }
    attempt.spool.close();
    this.#byId.delete(attempt.id);
    removeWorkspace(attempt.paths, 0);
  }

  /** Writes the outcome that the host did not write. */
  #close(
    attempt: LocalAttempt,
    outcome: EarlyEnd,
    { bestEffortCleanup = false }: { bestEffortCleanup?: boolean } = {},
  ): Promise<void> {
    attempt.closing = true;
    const closing = (async () => {
      const { clock, logger } = this.#options;
      try {
        const acked = attempt.state.ackedOffset;
        const now = clock.now();
        const books = await closeBooks(attempt.paths, { outcome, bestEffortCleanup, acked, now });
        attempt.end(toWire(books));
        logger.warn('an attempt has an outcome without its host', {
          attemptId: attempt.id,
          ...books.outcome,
        });
        attempt.follower?.grown(attempt);
      } catch (thrown) {
        // A full disk, say: it stays without an outcome, and the next start of the link tries again.
        logger.error('writing the outcome of an attempt failed', {
          attemptId: attempt.id,
          error: toError(thrown),
        });
      } finally {
        attempt.closing = false;
      }
    })();
    this.#closings.add(closing);
    void closing.then(() => this.#closings.delete(closing));
    return closing;
  }

  /** And what else a full disk did not take. */
  #saveAcks(): void {
    this.#options.tombstones.flush();
    for (const attempt of this.#byId.values()) {
      try {
        attempt.saveAck();
      } catch (thrown) {
        this.#options.logger.warn('an acknowledged offset was not written down', {
          attemptId: attempt.id,
          error: toError(thrown),
        });
      }
    }
  }
}
