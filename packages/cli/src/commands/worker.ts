import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { workerAdd } from './worker-add.ts';
import { workerDisable, workerDrain, workerEnable, workerResume } from './worker-change.ts';
import { workerCheck } from './worker-check.ts';
import { workerDelete } from './worker-delete.ts';
import { workerHealth } from './worker-health.ts';
import { workerList } from './worker-list.ts';
import { workerShow } from './worker-show.ts';
import { workerUnlock } from './worker-unlock.ts';
import { workerUpdate } from './worker-update.ts';
import { workerUpgrade } from './worker-upgrade.ts';

export function addTo(noun: Command): void {
  const verbs = [
    workerList,
    workerShow,
    workerAdd,
    workerUpdate,
    workerEnable,
    workerDisable,
    workerDrain,
    workerResume,
  ];
  for (const add of [...verbs, workerDelete, workerHealth, workerCheck, workerUnlock, workerUpgrade])
    add(noun);
  withExamples(
    noun,
    ['All workers of a pool', 'longshore worker list --pool linux'],
    ['Take one out of service without breaking anything', 'longshore worker drain build-7'],
    ['Why is it unhealthy?', 'longshore worker health build-7'],
  );
}
