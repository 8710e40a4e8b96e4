import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { taskArtifacts } from './task-artifacts.ts';
import { taskCancel, taskDidNotRun } from './task-cancel.ts';
import { taskList } from './task-list.ts';
import { taskLog } from './task-log.ts';
import { taskOutput, taskVariables } from './task-output.ts';
import { taskMoveToTop } from './task-move-to-top.ts';
import { taskShow } from './task-show.ts';
import { taskTree } from './task-tree.ts';
import { taskWait } from './task-wait.ts';

export function addTo(noun: Command): void {
  for (const add of [
    taskList,
    taskShow,
    taskTree,
    taskLog,
    taskWait,
    taskOutput,
    taskVariables,
    taskArtifacts,
    taskCancel,
    taskMoveToTop,
    taskDidNotRun,
  ])
    add(noun);
  withExamples(
    noun,
    ['What runs now?', 'longshore task list --state executing'],
    ['Follow one', 'longshore task log -f 01J8Z…'],
    ['Stop it', 'longshore task cancel 01J8Z…'],
  );
}
