/** Ends the script hosts of a data directory: for `deregister`, for a test, for a machine that is given back. */
import { AppError, type Clock, sleep } from '@longshore/base';

import { readHostRecords, removeHostRecord } from '../contract/host-record.ts';
import { isAlive, signal } from '../machine/processes.ts';
import { killLeftovers } from './leftovers.ts';

const LOOK_MS = 25;

/**
 * Asks each host to stop its scripts (TERM, their grace, KILL) and to end, and
 * waits for it; the leftovers of dead ones are cleared.
 *
 * @throws AppError `timedOut` when one goes on after `withinMs`
 */
export async function stopHosts(
  dataDir: string,
  { clock, withinMs }: { clock: Clock; withinMs: number },
): Promise<void> {
  const records = readHostRecords(dataDir);
  for (const { process } of records) if (isAlive(process)) signal(process.pid, 'SIGTERM');
  const deadline = clock.monotonic() + withinMs;
  for (const record of records) {
    while (isAlive(record.process)) {
      if (clock.monotonic() > deadline)
        throw new AppError(
          'timedOut',
          `script host ${record.hostId} (process ${record.process.pid}) goes on after ${withinMs} ms`,
        );
      await sleep(clock, LOOK_MS);
    }
    await killLeftovers(dataDir, record, clock);
    removeHostRecord(dataDir, record.hostId);
  }
}
