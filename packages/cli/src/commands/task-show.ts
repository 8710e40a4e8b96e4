import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { at, printJson, printList, printOne } from '../print.ts';
import type { Attempt, ListOf, Outcome, Task, TaskDetail } from '../shapes.ts';

export function taskShow(noun: Command): void {
  noun
    .command('show')
    .description('show one task: its state, why it waits, and its attempts')
    .argument('<task>', 'id')
    .action(async (task: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const params = { params: { path: { ...cli.space, task } } };
      const [found, attempts] = await Promise.all([
        body<TaskDetail>(api.GET('/api/v1/spaces/{space}/tasks/{task}', params)),
        body<ListOf<Attempt>>(api.GET('/api/v1/spaces/{space}/tasks/{task}/attempts', params)),
      ]);
      if (cli.flags.output === 'json') {
        printJson({ task: found, attempts: attempts.items });
        return;
      }
      printOne(cli, found, {
        id: found.id,
        name: found.name,
        state: found.state,
        waits:
          found.waitReason === ''
            ? ''
            : `${found.waitReason}${found.place === null ? '' : ` (place ${found.place})`}`,
        target: targetOf(found),
        lease: found.leaseMode,
        interpreter: found.script?.interpreter,
        'asked by': found.createdBy,
        created: at(found.createdAt),
        started: at(found.startedAt),
        ended: at(found.endedAt),
        message: found.message,
      });
      process.stdout.write('\n');
      await printList(cli, attempts, {
        columns: {
          ATTEMPT: (attempt) => attempt.id,
          WORKER: (attempt) => attempt.workerName,
          TRY: (attempt) => attempt.try,
          STATE: (attempt) => attempt.state,
          OUTCOME: (attempt) => (attempt.outcome === null ? '' : describeOutcome(attempt.outcome)),
          OUTPUT: (attempt) => `${attempt.outputLength} B`,
          MESSAGE: (attempt) =>
            attempt.bestEffortCleanup ? `${attempt.message} (clean-up not proven)`.trim() : attempt.message,
        },
        empty: 'It has made no attempt yet.',
      });
    });
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exited':
      return `exited with ${outcome.code}`;
    case 'signalled':
      return `ended by ${outcome.name}`;
    case 'cancelled':
      return 'cancelled';
    case 'timedOut':
      return 'stopped at its time-out';
    case 'refused':
      return `refused (${outcome.reason}): ${outcome.detail}`;
    default:
      return `${outcome.kind}: ${outcome.detail}`;
  }
}

function targetOf({ id, target }: Task): string {
  switch (target.kind) {
    case 'pool':
      return `pool ${target.poolName === '' ? target.poolId : target.poolName}`;
    case 'workers':
      return `workers ${target.workerIds.join(', ')}`;
    case 'run':
      return `as its plan says: "longshore task tree ${id}"`;
  }
}
