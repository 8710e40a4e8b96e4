import { Option, type Command } from 'commander';

import { cliOf } from '../cli.ts';
import type { RunFlags } from '../run/request.ts';
import { withExamples } from './examples.ts';
import { countOf, durationOf, repeated, sizeOf } from './options.ts';

interface Flags extends RunFlags {
  detach?: boolean;
  quiet?: boolean;
}

export function addTo(run: Command): void {
  run
    .description('run a script on a leased worker, show its output as it comes, and end with its exit code')
    .argument('[script]', 'a script file, or "-" for standard input')
    .argument('[arguments...]', 'arguments of the script; those that begin with "-" after "--"')
    .option('--script <text>', 'the script itself instead of a file')
    .addOption(
      new Option('--interpreter <name>', "by the file's extension or first line where not given").choices([
        'bash',
        'sh',
        'python',
        'node',
        'powershell',
      ]),
    )
    .option('--pool <pool>', 'the pool to lease a worker from: name or id; the default pool where not given')
    .option('--worker <worker>', 'on this worker (may be repeated: on each): name or id', repeated)
    .option('--exclusive', 'with nothing else on the worker')
    .option(
      '--var <name=value>',
      'a variable (may be repeated); NAME=@FILE, or NAME alone for its value here',
      repeated,
    )
    .option(
      '--secret <name=@file>',
      'a sensitive variable, masked in all output; NAME alone, or NAME=@FILE, keeps it out of the process list',
      repeated,
    )
    .option('--env <name=value>', 'an environment variable of the script (may be repeated)', repeated)
    .option('--arg <value>', 'an argument of the script (may be repeated)', repeated)
    .option('--file <path>', 'a file to lay beside the script (may be repeated)', repeated)
    .option('--tool <name>', 'a tool that the worker must have (may be repeated)', repeated)
    .option('--tty', 'give the script a terminal')
    .option('--timeout <duration>', 'stop the task after this, such as 10m', durationOf('--timeout'))
    .option('--grace <duration>', 'between TERM and KILL when it is stopped', durationOf('--grace'))
    .option('--mutex <name[:reader|writer]>', 'one at a time on its machine, of all that name this mutex')
    .option('--run-as <user>', 'as this user of the machine')
    .option(
      '--max-processes <n>',
      'no more processes and threads than this, where cgroups allow',
      countOf('--max-processes'),
    )
    .option(
      '--largest-log <size>',
      'drop output beyond this, such as 100MB, and say how much was dropped',
      sizeOf('--largest-log'),
    )
    .option('--name <text>', 'what to call the task')
    .option('-d, --detach', 'print the id of the task and leave')
    .option('-q, --quiet', "the script's output and nothing else")
    .action(async (file: string | undefined, rest: string[], flags: Flags, command: Command) => {
      const { taskRequest } = await import('../run/request.ts');
      const { runTask } = await import('../run/run-task.ts');
      const cli = cliOf(command);
      // With --script there is no file: all that stands there are arguments.
      const [source, inline] =
        flags.script === undefined ? [file, rest] : [undefined, file === undefined ? rest : [file, ...rest]];
      const request = await taskRequest(
        source,
        { ...flags, arg: [...(flags.arg ?? []), ...inline] },
        {
          env: process.env,
          stdin: process.stdin,
          terminal: { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 },
        },
      );
      process.exitCode = await runTask(cli, request, {
        detach: flags.detach ?? false,
        quiet: flags.quiet ?? false,
      });
    });
  withExamples(
    run,
    ['A file, on any worker of a pool', 'longshore run --pool linux deploy.sh'],
    ['One line; everything after "--" is for the script', 'longshore run --script \'echo "$1"\' -- hello'],
    [
      'With variables, and a secret from the environment',
      'longshore run --var Region=eu --secret DB_PASSWORD deploy.py',
    ],
    [
      'Alone on its worker, ten minutes at most',
      'longshore run --pool linux --exclusive --timeout 10m upgrade.sh',
    ],
    ['From a pipe', 'generate-script | longshore run -'],
  );
  run.addHelpText(
    'after',
    `
Exit codes:
  the script's own, when it ended by itself; 128 + n when signal n ended it
  124  stopped at its time-out
  125  not known: refused, interrupted, lost, or no worker could be had (the reason is on stderr)
  130  cancelled, or left with a second Ctrl-C; the first one asks for the task's end
  2-6  nothing was started: see "longshore --help"`,
  );
}
