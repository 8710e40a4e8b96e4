import type { Command } from 'commander';

import { withExamples } from './examples.ts';
import { taskArtifacts } from './task-artifacts.ts';
import { taskCancel, taskDidNotRun } from './task-cancel.ts';
import { taskList } from './task-list.ts';
import { taskLog } from './task-log.ts';
import { taskOutput, taskVariables } from './task-output.ts';
import { taskShow } from './task-show.ts';

export function addTo(noun: Command): void {
  for (const add of [
    taskList,
    taskShow,
    taskLog,
    taskOutput,
    taskVariables,
    taskArtifacts,
    taskCancel,
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
