/** Checks all stored output against its digests, a little at each beat. */
import type { Cancel } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { startChore, type ChoreOptions } from './chore.ts';

export function startLogCheck(
  options: Pick<ChoreOptions, 'clock' | 'logger'>,
  chores: Pick<Chores, 'checkLogs'>,
  everyMs: number,
): Cancel {
  return startChore({ ...options, what: 'the check of stored output', everyMs }, () => chores.checkLogs());
}
