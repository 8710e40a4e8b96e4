/**
 * How long a server's event loop was blocked, at worst: what it measures
 * itself (`/metrics`), less the time for which its main thread could have run
 * and the machine gave it no processor, as the kernel counts it. So the figure
 * is the server's, not that of whoever else works on the machine.
 */
import { readFileSync } from 'node:fs';

import type { MetricsProbe } from './metrics.ts';

const LAG = 'event_loop_lag_max_seconds';
const EVERY_MS = 500;

export interface LoopWatch {
  /** Ends it. Milliseconds: the longest block that was its own, and the longest with what others did to it. */
  stop(): Promise<{ ownMs: number; withOthersMs: number }>;
}

/** Looks from now on; the server answers for the time since the last look each time. */
export function watchEventLoop(probe: MetricsProbe, pid: number): LoopWatch {
  const stopping = new AbortController();
  const longest = { ownMs: 0, withOthersMs: 0 };
  const watching = (async () => {
    let waited = runDelayMs(pid);
    while (!stopping.signal.aborted) {
      // A server that is too busy to answer is asked again: its next answer covers the time.
      const seconds = await probe.value(LAG).catch(() => undefined);
      const now = runDelayMs(pid);
      if (seconds !== undefined) {
        const lagMs = seconds * 1000;
        longest.withOthersMs = Math.max(longest.withOthersMs, lagMs);
        longest.ownMs = Math.max(longest.ownMs, lagMs - (now - waited));
        waited = now;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return longest;
    },
  };
}

/** How long the main thread of a process has waited for a processor so far; 0 where the kernel does not say. */
function runDelayMs(pid: number): number {
  try {
    const [, delay] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(delay) / 1e6;
  } catch {
    return 0;
  }
}
