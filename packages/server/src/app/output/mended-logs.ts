/** The logs as readers get them: what is damaged is mended before it is read, and never handed out. */
import { isCode } from '@longshore/base';

import type { LogStore } from '../ports/log-store.ts';

/** Of one read: after so many tries it is not the damage of one place. */
const TRIES = 3;

/** @param mend resolves when what stands at `at` can be read */
export function mendedLogs(
  logs: LogStore,
  mend: (attemptId: string, at: number) => Promise<void>,
): Pick<LogStore, 'read' | 'length' | 'follow'> {
  return {
    length: (attemptId) => logs.length(attemptId),
    follow: (attemptId, grown) => logs.follow(attemptId, grown),
    async read(attemptId, offset, limit) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await logs.read(attemptId, offset, limit);
        } catch (thrown) {
          if (!isCode(thrown, 'corrupt') || tries === TRIES) throw thrown;
          await mend(attemptId, offset);
        }
      }
    },
  };
}
