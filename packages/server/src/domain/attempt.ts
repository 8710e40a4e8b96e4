import type { Fence } from './fence.ts';
import type { Incarnation } from './incarnation.ts';
import type { Outcome } from './outcome.ts';

/**
 * planned ──(committed with the agent's incarnation)──▶ sending ──▶ accepted ──▶ waiting ──▶ running ──▶ ended
 *    │                                                     │            └──────────────────────────────▶ ended
 *    └─ never sent: cancelled ─▶ ended                     ├─ denied (refused, or same incarnation without it) ─▶ denied
 *                                                          └─ another incarnation without it ─▶ ended(interrupted)
 *
 * From `sending` on it may have started: only `denied` lets the action move on.
 */
export const ATTEMPT_STATES = [
  'planned',
  'sending',
  'accepted',
  'waiting',
  'running',
  'ended',
  'denied',
] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** One execution of one action on one machine. Unique by (task, action, machine, try). */
export interface Attempt {
  spaceId: string;
  id: string;
  taskId: string;
  /** Name of the action within the task: `script`, or `script-2` for the second worker of several. */
  action: string;
  workerId: string;
  try: number;
  leaseId: string;
  fence: Fence;
  state: AttemptState;
  /** The agent's incarnation when `sending` was committed. */
  incarnation: Incarnation | null;
  /** Spool bytes and events that are stored durably. */
  outputLength: number;
  eventCount: number;
  /** The closed segments that were verified: where the last one ends, and the SHA-256 of each, hex. */
  verifiedLength: number;
  segmentDigests: string[];
  /** Where each of them begins and ends; shorter, or empty, for output that an earlier version stored. */
  segmentRanges: SegmentRange[];
  outcome: Outcome | null;
  /** The agent's figures in its outcome report; the attempt is complete when all of them are stored. */
  report: AttemptReport | null;
  /** Everything that the report names is stored and verified; the agent may release it. */
  complete: boolean;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
}

/** The digest stands there where bytes of the segment could not be had any more: of what is stored now, markers in their place. */
export type SegmentRange = [from: number, to: number] | [from: number, to: number, digest: string];

export interface AttemptReport {
  message: string;
  bestEffortCleanup: boolean;
  startedAtMs: number;
  endedAtMs: number;
  outputLength: number;
  eventCount: number;
  artifactCount: number;
  /** Hex, one a segment, then that of their list. */
  segmentDigests: string[];
  digest: string;
}
