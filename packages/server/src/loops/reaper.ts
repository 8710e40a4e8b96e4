/** Frees leases whose task has ended. There should be none; what it finds is logged as a warning. */
import type { Cancel } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { REAPER_MS } from '../limits.ts';
import { startChore, type ChoreOptions } from './chore.ts';

export function startReaper(options: Pick<ChoreOptions, 'clock' | 'logger'>, chores: Chores): Cancel {
  return startChore({ ...options, what: 'the reaper', everyMs: REAPER_MS }, () => chores.reap());
}
