import { AppError, isCode, sleep, systemClock } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import { EXIT, exitCodeOfRuns } from '../exit-codes.ts';
import { limits } from '../limits.ts';
import { printJson } from '../print.ts';
import type { Task } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { durationOf } from './options.ts';

interface Flags {
  timeout?: number;
  cancelOnTimeout?: boolean;
  pollInterval: number;
  progress?: boolean;
}

const ENDED: readonly Task['state'][] = ['success', 'failed', 'timedOut', 'cancelled'];

export function taskWait(noun: Command): void {
  const wait = noun
    .command('wait')
    .description('wait until tasks have ended, and end with what became of them')
    .argument('<task...>', 'ids')
    .option(
      '--timeout <duration>',
      'leave after so long, such as 10m; without it there is no end but theirs',
      durationOf('--timeout'),
    )
    .option('--cancel-on-timeout', 'and ask what has not ended by then to end')
    .option(
      '--poll-interval <duration>',
      'how often the server is asked',
      durationOf('--poll-interval'),
      limits.waitPollMs,
    )
    .option('--progress', 'say each change of state on standard error')
    .action(async (ids: string[], flags: Flags, command: Command) => {
      process.exitCode = await waitFor(cliOf(command), [...new Set(ids)], flags);
    });
  withExamples(
    wait,
    [
      'Start two, and wait for both',
      'longshore task wait $(longshore deploy -p Web --version latest -e Test -e Staging --no-wait)',
    ],
    ['For ten minutes, and then no more', 'longshore task wait 01J8Z… --timeout 10m --cancel-on-timeout'],
  );
  wait.addHelpText(
    'after',
    `
Exit codes:
  0    all of them succeeded
  1    one failed
  124  one timed out, or had not ended by --timeout
  130  one was cancelled
  2-6  the server could not be asked: see "longshore --help"
Of several, the worst.`,
  );
}

async function waitFor(cli: Cli, ids: readonly string[], flags: Flags): Promise<number> {
  if (flags.cancelOnTimeout === true && flags.timeout === undefined)
    throw new AppError('invalid', '--cancel-on-timeout: there is no --timeout');
  const clock = systemClock;
  const until = flags.timeout === undefined ? Infinity : clock.monotonic() + flags.timeout;
  const known = new Map<string, Task>();
  const ended = (): boolean => ids.every((id) => ENDED.includes(known.get(id)?.state ?? 'queued'));
  for (;;) {
    await look(cli, ids, known, flags.progress === true);
    const left = until - clock.monotonic();
    if (ended() || left <= 0) break;
    await sleep(clock, Math.min(flags.pollInterval, left));
  }
  const all = ids.map((id) => known.get(id)).filter((task) => task !== undefined);
  if (cli.flags.output === 'json') printJson({ items: all });
  else for (const { id, name, state } of all) process.stdout.write(`${id}  ${state}  ${name}\n`);
  if (ended()) return exitCodeOfRuns(all.map(({ state }) => state));
  const under = ids.filter((id) => !ENDED.includes(known.get(id)?.state ?? 'queued'));
  if (flags.cancelOnTimeout === true) for (const id of under) await cancel(cli, id);
  const asked = flags.cancelOnTimeout === true ? '; asked to end' : '';
  process.stderr.write(
    `longshore: ${under.length} of ${ids.length} had not ended by --timeout: ${under.join(', ')}${asked}\n`,
  );
  return EXIT.timedOut;
}

/** A server that restarts is asked again: what is waited for goes on without it. */
async function look(
  cli: Cli,
  ids: readonly string[],
  known: Map<string, Task>,
  progress: boolean,
): Promise<void> {
  const api = await cli.api();
  for (const id of ids) {
    const before = known.get(id);
    if (before !== undefined && ENDED.includes(before.state)) continue;
    try {
      const path = { ...cli.space, task: id };
      const task = await body<Task>(api.GET('/api/v1/spaces/{space}/tasks/{task}', { params: { path } }));
      known.set(id, task);
      if (progress && task.state !== before?.state)
        process.stderr.write(
          `${task.name} (task ${id}): ${task.state}${task.message === '' ? '' : `: ${task.message}`}\n`,
        );
    } catch (thrown) {
      // Not at the first look: an address that is wrong is to be said at once.
      if (before === undefined || !isCode(thrown, 'unavailable')) throw thrown;
    }
  }
}

async function cancel(cli: Cli, task: string): Promise<void> {
  const api = await cli.api();
  await body(
    api.POST('/api/v1/spaces/{space}/tasks/{task}/cancel', {
      params: { path: { ...cli.space, task } },
      body: { reason: 'it had not ended by the time-out of "longshore task wait"' },
    }),
  );
}
