/** With several nodes an announcement may be lost: looks again at what it would have told. Polling is the truth, pushes are the speed. */
import type { Cancel } from '@longshore/base';

import type { Chores } from '../app/ports/core-api.ts';
import { SAFETY_POLL_MS } from '../limits.ts';
import { startChore, type ChoreOptions } from './chore.ts';

export function startSafetyPoll(options: Pick<ChoreOptions, 'clock' | 'logger'>, chores: Chores): Cancel {
  return startChore({ ...options, what: 'the safety poll', everyMs: SAFETY_POLL_MS }, () =>
    chores.lookAgain(),
  );
}
