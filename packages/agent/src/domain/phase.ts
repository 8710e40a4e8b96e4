/**
 * Where an attempt stands on its agent.
 *
 *   accepted ──▶ waiting (for its isolation lock) ──▶ running ──▶ ended
 *       └────────────────────────────────────────────▶ ended (refused by the host, or interrupted)
 *
 * Always true: a phase never goes back, whatever order reports come in.
 */
export const PHASES = ['accepted', 'waiting', 'running', 'ended'] as const;
export type Phase = (typeof PHASES)[number];

export function laterPhase(a: Phase, b: Phase): Phase {
  return PHASES.indexOf(a) >= PHASES.indexOf(b) ? a : b;
}
