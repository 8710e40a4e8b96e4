/** All loops of the core, after its start: what takes up comes before what reaps. */
import type { Cancel, Clock, Logger } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { startBeat } from './beat.ts';
import { startJudge } from './judge.ts';
import { startLogCheck } from './log-check.ts';
import { startReaper } from './reaper.ts';
import { startSafetyPoll } from './safety-poll.ts';

export interface CoreLoopsOptions {
  clock: Clock;
  logger: Logger;
  dialect: 'sqlite' | 'postgres';
  /** Between two checks of stored output; 0: none. */
  logCheckIntervalMs: number;
  /** This node was taken for dead, or started twice: the process must stop. */
  fenced: () => void;
}

export function startCoreLoops(chores: Chores, options: CoreLoopsOptions): Cancel {
  const { clock, logger, logCheckIntervalMs } = options;
  const stops = [startReaper({ clock, logger }, chores)];
  if (logCheckIntervalMs > 0) stops.push(startLogCheck({ clock, logger }, chores, logCheckIntervalMs));
  if (options.dialect === 'postgres') {
    stops.push(
      startBeat({ clock, logger }, chores, options.fenced),
      startJudge({ clock, logger }, chores),
      startSafetyPoll({ clock, logger }, chores),
    );
  }
  return () => stops.forEach((stop) => stop());
}
