/** This node's beat, which tells the other nodes that it lives. Only where there can be others. */
import type { Cancel } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { NODE_BEAT_MS } from '../limits.ts';
import { startChore, type ChoreOptions } from './chore.ts';

/** @param fenced called when this node's tasks are others' by now: the process must stop */
export function startBeat(
  options: Pick<ChoreOptions, 'clock' | 'logger'>,
  chores: Chores,
  fenced: () => void,
): Cancel {
  return startChore({ ...options, what: 'the beat of this node', everyMs: NODE_BEAT_MS }, async () => {
    if (!(await chores.beat())) fenced();
  });
}
