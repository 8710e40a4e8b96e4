/** Flags that `longshore deploy` and `longshore runbook run` share, named as Octopus's CLI names them. */
import { Option, type Command } from 'commander';

import type { ProcessRunFlags, TimeFlags } from '../run/process-run.ts';
import type { StartOptions } from '../run/start-runs.ts';
import { durationOf, repeated } from './options.ts';

export type SharedRunFlags = ProcessRunFlags & Partial<StartOptions>;

interface Names {
  /** What is done: `deploy`, `run`. */
  verb: string;
  /** Of the flags for targets: `deployment-target`, `run-target`. */
  target: string;
}

export const DEPLOY_TIMES: TimeFlags = { at: '--deploy-at', expiry: '--deploy-at-expiry' };
export const RUN_TIMES: TimeFlags = { at: '--run-at', expiry: '--run-at-expiry' };

export function addRunOptions(command: Command, { verb, target }: Names): Command {
  return command
    .requiredOption(
      '-e, --environment <environment>',
      `where to ${verb} (may be repeated): name or id`,
      repeated,
    )
    .option('--tenant <tenant>', `${verb} for this tenant (may be repeated): name or id`, repeated)
    .option(
      '--tenant-tag <tag>',
      `${verb} for tenants with this tag that the project is connected to there (may be repeated): Region/Europe`,
      repeated,
    )
    .option(
      '--variable <label:value>',
      'value of a prompted variable (may be repeated); LABEL:@FILE keeps a secret out of the process list',
      repeated,
    )
    .option('--skip <step>', 'leave this step out (may be repeated)', repeated)
    .option(`--${target} <target>`, 'only on this deployment target (may be repeated)', repeated)
    .option(`--exclude-${target} <target>`, 'not on this deployment target (may be repeated)', repeated)
    .addOption(
      new Option(
        '--guided-failure <true|false>',
        'whether a failure asks people; as project and environment say where not given',
      ).choices(['true', 'false', 'default']),
    )
    .option(`--${verb}-at <time>`, 'begin then: 2026-05-01T22:00, with Z or +02:00 if you like, or in 30m')
    .option(`--${verb}-at-expiry <time>`, 'give up, timed out, what has not begun by then')
    .option('--prioritize', 'before others in the queue')
    .option('--comment <text>', 'said with the task')
    .option('--timeout <duration>', 'stop it so long after its start, such as 1h', durationOf('--timeout'))
    .option('--no-wait', 'print the id of the task and leave')
    .option(
      '--show-output',
      'in a terminal: keep all lines of scripts above the tree, not their last ones in it',
    )
    .option('-q, --quiet', "the scripts' lines and nothing else");
}

export function startOptions({
  wait = true,
  showOutput = false,
  quiet = false,
}: SharedRunFlags): StartOptions {
  return { wait, showOutput, quiet };
}

export const RUN_EXIT_CODES = `
Exit codes:
  0    success
  1    failed
  124  timed out: its --timeout, or not begun by its expiry
  130  cancelled, or left with a second Ctrl-C; the first one asks for its end
  2-6  nothing was started: see "longshore --help"
Of several, the worst.`;
