/** Looks whether other nodes are dead, and takes over what they owned. Only where there can be others. */
import type { Cancel } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { NODE_JUDGE_MS } from '../limits.ts';
import { startChore, type ChoreOptions } from './chore.ts';

export function startJudge(options: Pick<ChoreOptions, 'clock' | 'logger'>, chores: Chores): Cancel {
  return startChore({ ...options, what: 'judging the other nodes', everyMs: NODE_JUDGE_MS }, () =>
    chores.judge(),
  );
}
