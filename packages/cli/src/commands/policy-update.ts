import { readFile } from 'node:fs/promises';

import { AppError, invalid, isErrno } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { MachinePolicy } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { durationOf } from './options.ts';

interface Options {
  interval?: number;
  timeout?: number;
  script?: string;
  scriptFile?: string;
}

export function policyUpdate(noun: Command): void {
  const update = noun
    .command('update')
    .description('change how the health of workers is checked, from the next check on')
    .option('--interval <duration>', 'between two checks of a worker; 0s is never', durationOf('--interval'))
    .option('--timeout <duration>', 'that one check may take, waiting included', durationOf('--timeout'))
    .option(
      '--script <text>',
      'Bash; what it writes to standard error is a warning. Empty: only the connection',
    )
    .option('--script-file <file>', 'a file with that script')
    .action(async ({ interval, timeout, script, scriptFile }: Options, command: Command) => {
      if (script !== undefined && scriptFile !== undefined)
        throw invalid('--script-file', scriptFile, 'either --script or --script-file');
      const cli = cliOf(command);
      const api = await cli.api();
      const changed = await body<MachinePolicy>(
        api.PATCH('/api/v1/spaces/{space}/policies/default', {
          params: { path: cli.space },
          body: given({
            healthCheckIntervalMs: interval,
            healthCheckTimeoutMs: timeout,
            healthCheckScript: scriptFile === undefined ? script : await read(scriptFile),
          }),
        }),
      );
      printDone(cli, changed, `The machine policy "${changed.name}" is changed.`);
    });
  withExamples(
    update,
    ['Check each worker every ten minutes', 'longshore policy update --interval 10m'],
    ['With a script of your own', 'longshore policy update --script-file health.sh --timeout 1m'],
  );
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) throw new AppError('notFound', `there is no file ${file}`, { cause });
    throw cause;
  }
}
