/** One thing done again and again: the next time is counted from the end of the one before, so that it never overlaps itself. */
import { toError, type Cancel, type Clock, type Logger } from '@longshore/base';

export interface ChoreOptions {
  what: string;
  everyMs: number;
  clock: Clock;
  logger: Logger;
}

export function startChore({ what, everyMs, clock, logger }: ChoreOptions, run: () => Promise<void>): Cancel {
  let stopped = false;
  let cancel: Cancel = () => undefined;
  const arm = (): void => {
    if (!stopped) cancel = clock.after(everyMs, () => void once());
  };
  const once = async (): Promise<void> => {
    try {
      await run();
    } catch (thrown) {
      if (!stopped) logger.error(`${what} failed; it is tried again`, { error: toError(thrown) });
    }
    arm();
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
}
