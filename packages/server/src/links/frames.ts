/** The wire's messages ↔ the domain's: enums as names, bytes as hex or base64, nothing else. */
import { createHash } from 'node:crypto';

import { AppError } from '@longshore/base';
import {
  Interpreter as WireInterpreter,
  Isolation_Mode,
  Level,
  Phase,
  RefusedReason as WireReason,
  Stream,
  type AttemptEvent,
  type Fence as WireFence,
  type Outcome as WireOutcome,
  type ScriptSpec as WireSpec,
} from '@longshore/protocol/gen/longshore/link/v1/attempt';
import {
  Goodbye_Reason,
  type AttemptSummary as WireSummary,
  type Hello,
  type MachineFacts as WireFacts,
  type StartReply,
  type Verdict as WireVerdict,
} from '@longshore/protocol/gen/longshore/link/v1/link';

import type {
  AgentHello,
  AgentSession,
  AttemptSummary,
  NodeAddress,
  StartCommand,
  Verdict,
} from '../app/ports/agents.ts';
import type { AttemptEventRecord } from '../app/ports/attempts.ts';
import type { AttemptReport } from '../domain/attempt.ts';
import type { Fence } from '../domain/fence.ts';
import type { Outcome, RefusedReason } from '../domain/outcome.ts';
import type { Interpreter, ScriptSpec } from '../domain/script.ts';
import type { MachineFacts } from '../domain/worker.ts';
import { LARGEST_ARTIFACTS } from '../limits.ts';

const INTERPRETERS: Record<Interpreter, WireInterpreter> = {
  bash: WireInterpreter.BASH,
  sh: WireInterpreter.SH,
  python: WireInterpreter.PYTHON,
  node: WireInterpreter.NODE,
  powershell: WireInterpreter.POWERSHELL,
};

const REASONS = new Map<WireReason, RefusedReason>([
  [WireReason.DENIED_BEFORE, 'deniedBefore'],
  [WireReason.TOOL_MISSING, 'toolMissing'],
  [WireReason.DRAINING, 'draining'],
  [WireReason.DISK_FULL, 'diskFull'],
  [WireReason.INVALID, 'invalid'],
  [WireReason.STALE_FENCE, 'staleFence'],
  [WireReason.QUARANTINED, 'quarantined'],
  [WireReason.SPAWN_FAILED, 'spawnFailed'],
  [WireReason.TOO_MANY, 'tooMany'],
]);

const PHASES = new Map<Phase, AttemptSummary['phase']>([
  [Phase.ACCEPTED, 'accepted'],
  [Phase.WAITING, 'waiting'],
  [Phase.RUNNING, 'running'],
  [Phase.ENDED, 'ended'],
]);

const LEVELS = new Map<Level, string>([
  [Level.VERBOSE, 'verbose'],
  [Level.INFO, 'info'],
  [Level.HIGHLIGHT, 'highlight'],
  [Level.WAIT, 'wait'],
  [Level.WARNING, 'warning'],
  [Level.ERROR, 'error'],
  [Level.IGNORE, 'ignore'],
]);

const NO_FENCE: Fence = { generation: 0, n: 0 };

export function specToWire(spec: ScriptSpec, upgrade: StartCommand['upgrade']): WireSpec {
  return {
    interpreter: INTERPRETERS[spec.interpreter],
    body: Buffer.from(spec.body),
    arguments: spec.arguments,
    environment: spec.environment,
    variables: spec.variables,
    files: spec.files.map(({ name, contentBase64, executable }) => ({
      name,
      content: Buffer.from(contentBase64, 'base64'),
      executable,
    })),
    timeoutMs: spec.timeoutMs,
    graceMs: spec.graceMs,
    isolation:
      spec.isolation === null
        ? undefined
        : {
            name: spec.isolation.name,
            mode: spec.isolation.mode === 'reader' ? Isolation_Mode.READER : Isolation_Mode.WRITER,
          },
    terminal: spec.terminal ?? undefined,
    runAs: spec.runAs,
    maxProcesses: spec.maxProcesses,
    largestLogBytes: spec.largestLogBytes ?? 0,
    outputQuotaBytes: spec.outputQuotaBytes,
    upgrade:
      upgrade === undefined
        ? undefined
        : {
            version: upgrade.version,
            packageDigest: Buffer.from(upgrade.digest, 'hex'),
            packageLength: upgrade.length,
            confirmWithinMs: upgrade.confirmWithinMs,
          },
  };
}

/** A newer agent's phase that we don't know: it runs, as far as we can tell. */
export function phaseFromWire(phase: Phase): AttemptSummary['phase'] {
  return PHASES.get(phase) ?? 'running';
}

/** A newer agent's reason that we don't know is none of ours: it refused, and says why in the detail. */
export function reasonFromWire(reason: WireReason): RefusedReason {
  return REASONS.get(reason) ?? 'invalid';
}

export function fenceFromWire(fence: WireFence | undefined): Fence {
  return fence ?? NO_FENCE;
}

export function factsFromWire(facts: WireFacts | undefined): MachineFacts {
  return (
    facts ?? {
      hostname: '',
      os: '',
      architecture: '',
      processors: 0,
      memoryBytes: 0,
      freeDiskBytes: 0,
      tools: [],
      cgroups: false,
    }
  );
}

export function replyFromWire(
  kind: StartReply['kind'],
): { kind: 'accepted' } | { kind: 'refused'; reason: RefusedReason; detail: string } | undefined {
  if (kind === undefined) return undefined;
  if (kind.$case === 'accepted') return { kind: 'accepted' };
  return { kind: 'refused', reason: reasonFromWire(kind.value.reason), detail: kind.value.detail };
}

export function outcomeFromWire(wire: WireOutcome): { outcome: Outcome; report: AttemptReport } {
  return {
    outcome: outcomeKind(wire.kind),
    report: {
      message: wire.message,
      bestEffortCleanup: wire.bestEffortCleanup,
      startedAtMs: wire.startedAtMs,
      endedAtMs: wire.endedAtMs,
      outputLength: wire.outputLength,
      eventCount: wire.eventCount,
      artifactCount: wire.artifactCount,
      segmentDigests: wire.segmentDigests.map((digest) => digest.toString('hex')),
      digest: wire.digest.toString('hex'),
    },
  };
}

function outcomeKind(kind: WireOutcome['kind']): Outcome {
  switch (kind?.$case) {
    case 'exited':
      return { kind: 'exited', code: kind.value.code };
    case 'signalled':
      return { kind: 'signalled', name: kind.value.name };
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'timedOut':
      return { kind: 'timedOut' };
    case 'refused':
      return { kind: 'refused', reason: reasonFromWire(kind.value.reason), detail: kind.value.detail };
    case 'interrupted':
      return { kind: 'interrupted', detail: kind.value.detail };
    case undefined:
      return {
        kind: 'interrupted',
        detail: 'the agent reported an end of a kind that this server does not know',
      };
  }
}

export function summaryFromWire(wire: WireSummary): AttemptSummary {
  return {
    attemptId: wire.attemptId,
    fence: fenceFromWire(wire.fence),
    phase: phaseFromWire(wire.phase),
    outputLength: wire.outputLength,
    eventCount: wire.eventCount,
    outcome: wire.outcome === undefined ? null : outcomeFromWire(wire.outcome),
  };
}

export function verdictToWire(verdict: Verdict): WireVerdict {
  const { attemptId } = verdict;
  if (verdict.kind !== 'keep') return { attemptId, kind: { $case: verdict.kind, value: {} } };
  const { fromOffset, fromEvent, artifactOffsets } = verdict;
  return { attemptId, kind: { $case: 'keep', value: { fromOffset, fromEvent, artifactOffsets } } };
}

/** Events of a kind that only a newer agent knows are kept as notes: their numbers must not leave a gap. */
export function eventFromWire({ n, atOffset, timeMs, kind }: AttemptEvent): AttemptEventRecord {
  const at = { n, atOffset, time: timeMs };
  switch (kind?.$case) {
    case 'setVariable':
      return { ...at, kind: 'setVariable', ...kind.value };
    case 'newArtifact':
      requireArtifactIndex(`with event ${n}`, kind.value.index);
      return { ...at, kind: 'newArtifact', ...kind.value };
    case 'progress':
      return { ...at, kind: 'progress', ...kind.value };
    case 'resultMessage':
      return { ...at, kind: 'resultMessage', text: kind.value.text };
    case 'levelChanged': {
      const stream = kind.value.stream === Stream.STDERR ? 'stderr' : 'stdout';
      return { ...at, kind: 'levelChanged', stream, level: levelFromWire(kind.value.level) };
    }
    case 'note':
      return { ...at, kind: 'note', level: levelFromWire(kind.value.level), text: kind.value.text };
    case undefined:
      return {
        ...at,
        kind: 'note',
        level: 'verbose',
        text: 'an event of a kind that this server does not know',
      };
  }
}

/** Artifacts are kept by their index, and told of as a list: one of four thousand million would be as long. */
export function requireArtifactIndex(attemptId: string, index: number): void {
  if (index < LARGEST_ARTIFACTS) return;
  throw new AppError(
    'invalid',
    `artifact ${index} of attempt ${attemptId}: an attempt has at most ${LARGEST_ARTIFACTS}`,
  );
}

function levelFromWire(level: Level): string {
  return LEVELS.get(level) ?? 'info';
}

export function helloFromWire(
  hello: Hello,
  ticket: Uint8Array | undefined,
  keyFingerprint: string,
): AgentHello {
  const shown = ticket !== undefined && ticket.length > 0;
  return {
    agentId: hello.agentId,
    keyFingerprint,
    version: hello.version,
    incarnation: hello.incarnation ?? { storeId: '', bootId: '', hostId: '' },
    ticketHash: shown ? createHash('sha256').update(ticket).digest('hex') : '',
    facts: factsFromWire(hello.facts),
    ephemeral: hello.ephemeral,
    draining: hello.draining,
    quarantined: hello.quarantined,
    copied: hello.copied,
  };
}

export const GOODBYES: Record<
  Parameters<AgentSession['close']>[0] | 'protocol' | 'overloaded',
  Goodbye_Reason
> = {
  shutdown: Goodbye_Reason.SHUTDOWN,
  replaced: Goodbye_Reason.REPLACED,
  revoked: Goodbye_Reason.REVOKED,
  locked: Goodbye_Reason.LOCKED,
  deregistered: Goodbye_Reason.DEREGISTERED,
  protocol: Goodbye_Reason.PROTOCOL,
  overloaded: Goodbye_Reason.OVERLOADED,
};

export function sameNodes(a: readonly NodeAddress[], b: readonly NodeAddress[]): boolean {
  const inB = (one: NodeAddress): boolean =>
    b.some(({ nodeId, address }) => nodeId === one.nodeId && address === one.address);
  return a.length === b.length && a.every(inB);
}

/** A frame that an agent may not send then. */
export function unexpected(kind: string | undefined, when: string): AppError {
  return new AppError('corrupt', `the agent sent ${kind ?? 'nothing known'} ${when}`);
}
