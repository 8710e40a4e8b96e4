/** Tells when the host's record is gone from disk (its data directory was removed): nobody can find the host any more. */
import { existsSync } from 'node:fs';

import type { Cancel, Clock } from '@longshore/base';

import { HOST_RECORD_LOOK_MS } from '../limits.ts';

export function watchRecord(file: string, { clock, gone }: { clock: Clock; gone: () => void }): Cancel {
  return clock.every(HOST_RECORD_LOOK_MS, () => {
    if (!existsSync(file)) gone();
  });
}
