/** What is done about a disk that takes nothing, or not all: it is waited for, and what could not be begun is refused. */
import { Backoff, type Clock, isDiskFull, sleep, toError } from '@longshore/base';
import { RefusedReason } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { FREE_SPACE_RETRY_MS, OUTCOME_RETRY_FIRST_MS, OUTCOME_RETRY_LONGEST_MS } from '../limits.ts';

/** Tries until it is done, however long that takes. */
export async function untilDone(
  write: () => void,
  { clock, refused }: { clock: Clock; refused: (error: Error) => void },
): Promise<void> {
  const backoff = new Backoff({ firstMs: OUTCOME_RETRY_FIRST_MS, longestMs: OUTCOME_RETRY_LONGEST_MS });
  for (;;) {
    try {
      write();
      return;
    } catch (thrown) {
      refused(toError(thrown));
    }
    await sleep(clock, backoff.next());
  }
}

/** Tries until the disk has room for it, or nobody wants to wait any more. @throws what the last try threw */
export async function whenRoom(
  write: () => Promise<void>,
  { clock, signal, full }: { clock: Clock; signal: AbortSignal; full: () => void },
): Promise<void> {
  for (let told = false; ; told = true) {
    try {
      await write();
      return;
    } catch (thrown) {
      if (!isFull(thrown) || signal.aborted) throw thrown;
      if (!told) full();
    }
    await sleep(clock, FREE_SPACE_RETRY_MS, { signal }).catch(() => undefined);
  }
}

/** Why a script could not be started, where the reason lies with the machine. */
export function refusedBy(error: Error): RefusedReason {
  return isFull(error) ? RefusedReason.DISK_FULL : RefusedReason.SPAWN_FAILED;
}

function isFull(thrown: unknown): boolean {
  return isDiskFull(thrown) || isDiskFull(toError(thrown).cause);
}
