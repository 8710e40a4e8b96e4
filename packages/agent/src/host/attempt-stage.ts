/**
 * Where an attempt stands in its host. Pure: what is to be done follows in attempt.ts.
 *
 *   waiting ──granted──▶ starting ──started──▶ running ──exited──▶ ending ──stored──▶ ended
 *      │                    │ failed              │ stop               ▲
 *      │                    ├────(refused)────────┼───────────────────▶│
 *      │                    │ stop                ▼                    │
 *      │                    └─started─▶ stopping(why) ───exited────────┤
 *      └──stop (never ran)────────────────────────────────────────────▶┘
 *
 * Always true: the first stop counts; a process that ended by itself before a
 * stop has its own outcome; after `ending` nothing changes how it ended.
 */
import type { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import type { OutcomeFile } from '../contract/workspace.ts';
import type { RunExit } from '../contract/runner.ts';

export type OutcomeKind = OutcomeFile['outcome'];
export type StopReason =
  { kind: 'cancelled' } | { kind: 'timedOut' } | { kind: 'interrupted'; detail: string };

export type Stage =
  | { at: 'waiting' }
  | { at: 'starting'; stop: StopReason | null }
  | { at: 'running' }
  | { at: 'stopping'; why: StopReason }
  | { at: 'ending'; outcome: OutcomeKind; stopped: boolean }
  | { at: 'ended' };

export type StageEvent =
  | { on: 'granted' }
  | { on: 'started' }
  | { on: 'failed'; reason: RefusedReason; detail: string }
  | { on: 'stop'; why: StopReason }
  | { on: 'exited'; exit: RunExit }
  | { on: 'stored' };

/** The stage after the event; the same object where the event has no effect. */
export function nextStage(stage: Stage, event: StageEvent): Stage {
  switch (event.on) {
    case 'granted':
      return stage.at === 'waiting' ? { at: 'starting', stop: null } : stage;
    case 'started':
      if (stage.at !== 'starting') return stage;
      return stage.stop === null ? { at: 'running' } : { at: 'stopping', why: stage.stop };
    case 'failed':
      if (stage.at !== 'starting') return stage;
      return {
        at: 'ending',
        outcome: { kind: 'refused', reason: event.reason, detail: event.detail },
        stopped: false,
      };
    case 'stop':
      return stopped(stage, event.why);
    case 'exited':
      if (stage.at === 'running') return { at: 'ending', outcome: event.exit, stopped: false };
      return stage.at === 'stopping' ? { at: 'ending', outcome: stage.why, stopped: true } : stage;
    case 'stored':
      return stage.at === 'ending' ? { at: 'ended' } : stage;
  }
}

function stopped(stage: Stage, why: StopReason): Stage {
  switch (stage.at) {
    case 'waiting':
      return { at: 'ending', outcome: why, stopped: false };
    case 'starting':
      return stage.stop === null ? { at: 'starting', stop: why } : stage;
    case 'running':
      return { at: 'stopping', why };
    case 'stopping':
    case 'ending':
    case 'ended':
      return stage;
  }
}
