/**
 * What a server node may ask of an attempt, and the answers: Start, Adopt,
 * Cancel, Ack, Release, and the verdicts on an inventory.
 *
 * Always true: a fence is on disk before a command under it is obeyed; an
 * attempt that this agent has denied, or released, never starts here again.
 */
import { statfsSync } from 'node:fs';

import { isDiskFull, toError, type Logger } from '@longshore/base';
import {
  Interpreter,
  RefusedReason,
  type AgentUpgrade,
  type Fence,
} from '@longshore/protocol/gen/longshore/link/v1/attempt';
import type {
  AgentFrame,
  ArtifactAck,
  PackageChunk,
  OutputWanted,
  Start,
  Verdict as WireVerdict,
} from '@longshore/protocol/gen/longshore/link/v1/link';

import { workspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { isStale } from '../domain/fence.ts';
import { reconcile, type Verdict } from '../domain/reconcile.ts';
import { decideStart } from '../domain/start.ts';
import { ACK_TELL_BYTES, DISK_FLOOR_BYTES } from '../limits.ts';
import type { Attempts } from './attempts.ts';
import type { Facts } from './facts.ts';
import type { HostPort } from './host-port.ts';
import { LocalAttempt } from './local-attempt.ts';
import { outputAgain } from './output-again.ts';
import { reasonToWire, toolOf } from './names.ts';
import type { Packages } from './packages.ts';
import type { Sender } from './sender.ts';
import type { TombstoneFile } from './tombstone-file.ts';
import { createWorkspace, specProblem } from './workspace-files.ts';

/** @param file the package, whose digest was found right */
export type UpgradeCommand = (of: { version: string; file: string; confirmWithinMs: number }) => string;

export interface CommandsOptions {
  dataDir: string;
  bootId: string;
  host: HostPort;
  attempts: Attempts;
  tombstones: TombstoneFile;
  facts: Facts;
  draining: () => boolean;
  packages: Packages;
  upgradeCommand: UpgradeCommand | undefined;
  logger: Logger;
}

/** The session that a command came by: answers and output go there. */
export interface CommandSession {
  send(frame: AgentFrame): void;
  readonly sender: Sender;
}

const NO_FENCE: Fence = { generation: 0, n: 0 };

export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  start(session: CommandSession, start: Start): void {
    const { attempts } = this.#options;
    const fence = start.fence ?? NO_FENCE;
    const decision = decideStart(fence, this.#startFacts(start));
    switch (decision.kind) {
      case 'start': {
        if (start.spec?.upgrade === undefined) this.#start(session, start);
        else this.#upgrade(session, start, start.spec.upgrade);
        return;
      }
      case 'repeat': {
        const attempt = attempts.get(start.attemptId);
        attempt?.raiseFence(fence);
        if (attempt !== undefined && !session.sender.has(attempt)) this.#feed(session, attempt);
        attempt?.whenTaken(() => session.send(accepted(start.attemptId)));
        return;
      }
      case 'stale': {
        this.#stale(session, start.attemptId, 'start');
        return;
      }
      case 'refuse': {
        this.#refuse(session, start.attemptId, {
          reason: reasonToWire(decision.reason),
          detail: decision.detail,
        });
        return;
      }
    }
  }

  adopt(
    session: CommandSession,
    { attemptId, fence = NO_FENCE }: { attemptId: string; fence: Fence | undefined },
  ): void {
    const attempt = this.#obeyed(session, { attemptId, fence, command: 'adopt' });
    if (attempt !== undefined && !session.sender.has(attempt)) this.#feed(session, attempt);
  }

  cancel(
    session: CommandSession,
    { attemptId, fence = NO_FENCE, reason }: { attemptId: string; fence: Fence | undefined; reason: string },
  ): void {
    const { attempts } = this.#options;
    if (attempts.get(attemptId) === undefined) {
      this.#options.packages.forget(attemptId);
      // It is not here and now never will be: the server may go on at once.
      this.#refuse(session, attemptId, {
        reason: RefusedReason.DENIED_BEFORE,
        detail: 'cancelled before it was here',
      });
      return;
    }
    const attempt = this.#obeyed(session, { attemptId, fence, command: 'cancel' });
    if (attempt !== undefined) this.#cancel(attempt, reason);
  }

  acknowledged(session: CommandSession, claimed: { attemptId: string; offset: number; event: number }): void {
    const { attemptId } = claimed;
    const attempt = this.#options.attempts.get(attemptId);
    if (attempt === undefined || !session.sender.has(attempt)) return;
    // Never more than there is: what a script writes later on was not acknowledged by a word of before.
    const offset = Math.min(claimed.offset, attempt.outputLength);
    const event = Math.min(claimed.event, attempt.eventCount);
    const before = attempt.state.ackedOffset;
    attempt.acknowledged(offset, event);
    if (!attempt.ended && Math.floor(before / ACK_TELL_BYTES) < Math.floor(offset / ACK_TELL_BYTES)) {
      this.#options.host.acknowledged(attemptId, offset);
    }
    session.sender.acknowledged(attempt, offset, event);
  }

  artifactAcknowledged(session: CommandSession, ack: ArtifactAck): void {
    const attempt = this.#options.attempts.get(ack.attemptId);
    if (attempt !== undefined) session.sender.artifactAcknowledged(attempt, ack);
  }

  outputWanted(session: CommandSession, wanted: OutputWanted): void {
    session.sender.answer(() => outputAgain(this.#options.attempts.get(wanted.attemptId), wanted));
  }

  release(
    session: CommandSession,
    { attemptId, fence = NO_FENCE }: { attemptId: string; fence: Fence | undefined },
  ): void {
    const { attempts, tombstones } = this.#options;
    if (attempts.get(attemptId) === undefined) {
      tombstones.add(attemptId);
      return;
    }
    const attempt = this.#obeyed(session, { attemptId, fence, command: 'release' });
    if (attempt === undefined) return;
    if (attempt.ended) attempts.remove(attempt);
    else
      this.#commandRefused(session, {
        attemptId,
        command: 'release',
        reason: RefusedReason.INVALID,
        fence: attempt.state.fence,
      });
  }

  verdict(session: CommandSession, { attemptId, kind }: WireVerdict, now: number): void {
    const attempt = this.#options.attempts.get(attemptId);
    const verdict = verdictOf(kind);
    // It is not here, and the server goes on as after a denial: a Start that is still under way must find that.
    if (attempt === undefined && verdict?.kind === 'cancel') this.#options.tombstones.add(attemptId);
    if (attempt === undefined || verdict === undefined) return;
    const action = reconcile(verdict, {
      ended: attempt.ended,
      ackedOffset: attempt.state.ackedOffset,
      ackedEvent: attempt.state.ackedEvent,
      outputLength: attempt.outputLength,
      eventCount: attempt.eventCount,
    });
    switch (action.kind) {
      case 'feed':
        session.sender.add(attempt, {
          offset: action.fromOffset,
          event: action.fromEvent,
          artifactOffsets: action.artifactOffsets,
        });
        if (action.cancel) this.#cancel(attempt, 'the server asked for it while the agent was away');
        return;
      case 'release': {
        this.#options.attempts.remove(attempt);
        return;
      }
      case 'flag':
        if (attempt.follower === undefined) attempt.unknownSince ??= now;
        {
          this.#options.logger.warn('the server does not know an attempt', {
            attemptId,
            ended: attempt.ended,
          });
          return;
        }
      case 'leave':
        return;
    }
  }

  packageChunk(chunk: PackageChunk): void {
    this.#options.packages.take(chunk);
  }

  /**
   * An upgrade is a script of this agent's own. What it needs is fetched first, which may be repeated: the attempt
   * is taken only then, so that until then a new session finds that nothing of it is here, and sends it again.
   */
  #upgrade(
    session: CommandSession,
    start: Start,
    { version, packageDigest, packageLength, confirmWithinMs }: AgentUpgrade,
  ): void {
    const { packages, upgradeCommand, logger } = this.#options;
    const { attemptId, spec: given } = start;
    if (given === undefined) return;
    const refuse = (detail: string): void =>
      this.#refuse(session, attemptId, { reason: RefusedReason.INVALID, detail });
    if (upgradeCommand === undefined) {
      refuse('this agent is not upgraded by its server');
      return;
    }
    logger.info('fetching an agent package', { attemptId, version });
    packages.fetch(session, {
      attemptId,
      digest: packageDigest,
      length: packageLength,
      failed: refuse,
      here: (file) => {
        const body = Buffer.from(upgradeCommand({ version, file, confirmWithinMs }));
        const spec = { ...given, interpreter: Interpreter.SH, body, upgrade: undefined };
        this.start(session, { ...start, spec });
      },
    });
  }

  #startFacts({ attemptId, spec }: Start): Parameters<typeof decideStart>[1] {
    const { attempts, tombstones, draining, facts, dataDir } = this.#options;
    const { bavail, bsize } = statfsSync(dataDir);
    const tool = spec === undefined ? '' : toolOf(spec.interpreter);
    return {
      known: attempts.get(attemptId)?.state.fence ?? null,
      tombstone: tombstones.has(attemptId),
      draining: draining(),
      quarantined: attempts.quarantined,
      tooMany: attempts.tooMany,
      freeBytes: bavail * bsize,
      floorBytes: DISK_FLOOR_BYTES,
      missingTool: facts.current().tools.some(({ name }) => name === tool) ? '' : tool,
      invalid: specProblem(spec),
    };
  }

  #start(session: CommandSession, { attemptId, taskId, fence = NO_FENCE, spec }: Start): void {
    const { dataDir, bootId, host, attempts, logger } = this.#options;
    if (spec === undefined) return;
    const paths = workspacePaths(dataDir, attemptId);
    const state: WorkspaceState = {
      attemptId,
      taskId,
      fence: { generation: fence.generation, n: fence.n },
      handedTo: host.hostId,
      bootId,
      ackedOffset: 0,
      ackedEvent: 0,
      cancelRequested: false,
    };
    try {
      createWorkspace(paths, attempts.pool, { spec, state });
    } catch (thrown) {
      const error = toError(thrown);
      logger.error('a workspace could not be made', { attemptId, error });
      this.#refuse(session, attemptId, {
        reason: RefusedReason.DISK_FULL,
        detail: `its workspace could not be made: ${error.message}`,
      });
      return;
    }
    const attempt = new LocalAttempt(dataDir, state);
    attempts.add(attempt);
    attempt.whenTaken(() => session.send(accepted(attemptId)));
    this.#feed(session, attempt);
    host.start({ attemptId, workspace: paths.root, spec });
  }

  #feed(session: CommandSession, attempt: LocalAttempt): void {
    session.sender.add(attempt, {
      offset: attempt.state.ackedOffset,
      event: attempt.state.ackedEvent,
      artifactOffsets: [],
    });
  }

  #cancel(attempt: LocalAttempt, reason: string): void {
    if (attempt.ended) return;
    if (!attempt.state.cancelRequested) {
      attempt.state.cancelRequested = true;
      try {
        attempt.save();
      } catch (thrown) {
        if (!isDiskFull(thrown)) throw thrown;
        // A script that fills the disk must not be safe from its cancel by that.
        attempt.saveLater();
      }
    }
    this.#options.host.cancel(attempt.id, reason);
  }

  /** The attempt of a command that is to be obeyed, its fence stored. */
  #obeyed(
    session: CommandSession,
    { attemptId, fence, command }: { attemptId: string; fence: Fence; command: string },
  ): LocalAttempt | undefined {
    const attempt = this.#options.attempts.get(attemptId);
    if (attempt === undefined) {
      this.#commandRefused(session, {
        attemptId,
        command,
        reason: RefusedReason.DENIED_BEFORE,
        fence: NO_FENCE,
      });
      return undefined;
    }
    if (isStale(fence, attempt.state.fence)) {
      this.#stale(session, attemptId, command);
      return undefined;
    }
    attempt.raiseFence(fence);
    return attempt;
  }

  #stale(session: CommandSession, attemptId: string, command: string): void {
    const fence = this.#options.attempts.get(attemptId)?.state.fence ?? NO_FENCE;
    this.#commandRefused(session, { attemptId, command, reason: RefusedReason.STALE_FENCE, fence });
  }

  #commandRefused(
    session: CommandSession,
    {
      attemptId,
      command,
      reason,
      fence,
    }: { attemptId: string; command: string; reason: RefusedReason; fence: Fence },
  ): void {
    this.#options.logger.warn('a command was refused', { attemptId, command, reason });
    session.send({
      kind: { $case: 'commandRefused', value: { attemptId, command, reason, storedFence: fence } },
    });
  }

  /** A positive denial: from now on a tombstone stands for it. */
  #refuse(
    session: CommandSession,
    attemptId: string,
    refused: { reason: RefusedReason; detail: string },
  ): void {
    this.#options.tombstones.add(attemptId);
    session.send({
      kind: { $case: 'startReply', value: { attemptId, kind: { $case: 'refused', value: refused } } },
    });
  }
}

function accepted(attemptId: string): AgentFrame {
  return { kind: { $case: 'startReply', value: { attemptId, kind: { $case: 'accepted', value: {} } } } };
}

function verdictOf(kind: WireVerdict['kind']): Verdict | undefined {
  switch (kind?.$case) {
    case 'keep':
      return { kind: 'keep', ...kind.value };
    case 'cancel':
    case 'release':
    case 'notMine':
    case 'unknown':
      return { kind: kind.$case };
    case undefined:
      return undefined;
  }
}
