/** What a task under way says while workers of it can't be reached. */
import type { Turn } from '../kernel/batch.ts';
import { placeOf, type Kernel } from '../kernel/kernel.ts';
import { underWay, type Live, type Run } from '../kernel/runs.ts';

/** Attempts of it on workers that this node has no session with. */
export function outOfReach(kernel: Kernel, run: Run): Live[] {
  return underWay(run).filter((live) => kernel.sessions.get(live.attempt.workerId) === undefined);
}

/** For people: which workers, since when, and what that means. Empty when all can be reached. */
export async function whyItWaits(kernel: Kernel, turn: Turn, run: Run): Promise<string> {
  const away = outOfReach(kernel, run);
  if (away.length === 0) return '';
  await kernel.roster.load(turn.tx, run.task.spaceId);
  return away
    .map(({ attempt }) => {
      const place = placeOf(kernel, run, attempt);
      const heardAt = kernel.options.clock.now() - kernel.sessions.unheardMs(attempt.workerId);
      const since = `unreachable since ${new Date(heardAt).toISOString()}`;
      if (run.wish === 'cancel') return `cancel will take effect when ${place} is back; it is ${since}`;
      if (attempt.state === 'sending') return `${place} may have started it, and is ${since}`;
      return `${place} ${since}`;
    })
    .join('; ');
}
