/** Names of the domain ↔ numbers of the wire. */
import {
  Interpreter,
  Phase as WirePhase,
  RefusedReason,
} from '@longshore/protocol/gen/longshore/link/v1/attempt';

import type { Phase } from '../domain/phase.ts';
import type { StartDecision } from '../domain/start.ts';

const PHASE_TO_WIRE: Record<Phase, WirePhase> = {
  accepted: WirePhase.ACCEPTED,
  waiting: WirePhase.WAITING,
  running: WirePhase.RUNNING,
  ended: WirePhase.ENDED,
};

const PHASE_FROM_WIRE = new Map<WirePhase, Phase>(
  (Object.entries(PHASE_TO_WIRE) as [Phase, WirePhase][]).map(([phase, n]) => [n, phase]),
);

export function phaseToWire(phase: Phase): WirePhase {
  return PHASE_TO_WIRE[phase];
}

/** A newer program's phase counts as the earliest: others follow. */
export function phaseFromWire(phase: WirePhase): Phase {
  return PHASE_FROM_WIRE.get(phase) ?? 'accepted';
}

const REASON_TO_WIRE: Record<Extract<StartDecision, { kind: 'refuse' }>['reason'], RefusedReason> = {
  deniedBefore: RefusedReason.DENIED_BEFORE,
  toolMissing: RefusedReason.TOOL_MISSING,
  draining: RefusedReason.DRAINING,
  diskFull: RefusedReason.DISK_FULL,
  invalid: RefusedReason.INVALID,
  quarantined: RefusedReason.QUARANTINED,
  tooMany: RefusedReason.TOO_MANY,
};

export function reasonToWire(reason: keyof typeof REASON_TO_WIRE): RefusedReason {
  return REASON_TO_WIRE[reason];
}

/** The tool that each interpreter needs, as `MachineFacts.tools` names it. */
const TOOLS = new Map<Interpreter, string>([
  [Interpreter.BASH, 'bash'],
  [Interpreter.SH, 'sh'],
  [Interpreter.PYTHON, 'python3'],
  [Interpreter.NODE, 'node'],
  [Interpreter.POWERSHELL, 'pwsh'],
]);

export function toolOf(interpreter: Interpreter): string {
  return TOOLS.get(interpreter) ?? `interpreter ${interpreter}`;
}
