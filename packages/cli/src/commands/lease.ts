import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { leaseHistory } from './lease-history.ts';
import { leaseList } from './lease-list.ts';
import { leaseQueue } from './lease-queue.ts';
import { leaseRelease } from './lease-release.ts';

export function addTo(noun: Command): void {
  for (const add of [leaseList, leaseQueue, leaseHistory, leaseRelease]) add(noun);
  withExamples(
    noun,
    ['Who holds which worker?', 'longshore lease list'],
    ['Why does my task wait?', 'longshore lease queue'],
    ['Why did it run there?', 'longshore lease history --task 01J…'],
  );
}
