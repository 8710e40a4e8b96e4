import { AppError } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { EXIT } from '../exit-codes.ts';
import { collectFiles, type SentFile } from '../model/collect-files.ts';
import { changesAny, planLines, summary } from '../model/show-plan.ts';
import { printJson } from '../print.ts';
import type { Applied } from '../shapes.ts';
import { agreed } from './ask.ts';
import { withExamples } from './examples.ts';
import { repeated } from './options.ts';

interface Options {
  file: string[];
  dryRun?: boolean;
  prune?: boolean;
  yes?: boolean;
}

export function addTo(apply: Command): void {
  apply
    .description('bring the server to what YAML files say, whole or not at all; the plan is shown first')
    .requiredOption(
      '-f, --file <file|folder>',
      'a YAML file, a folder with all *.yaml and *.yml below it, or "-" (may be repeated)',
      repeated,
    )
    .option('--dry-run', 'show the plan, and change nothing')
    .option('--prune', 'delete what is on the server, of the kinds in the files, and is not in them')
    .option('-y, --yes', 'do not ask before something is deleted')
    .action(async (options: Options, command: Command) => {
      const cli = cliOf(command);
      const files = await collectFiles(options.file, process.stdin);
      try {
        await planAndApply(cli, files, options);
      } catch (thrown) {
        if (!sayProblems(cli, thrown)) throw thrown;
        process.exitCode = EXIT.usage;
      }
    });
  withExamples(
    apply,
    ['What would it do?', 'longshore apply -f deploy/ --dry-run'],
    ['All of a folder, and nothing else of these kinds', 'longshore apply -f deploy/ --prune --yes'],
    ['From a pipe', 'generate-config | longshore apply -f -'],
    ['What a server has, as files', 'longshore export --to deploy/'],
  );
}

async function planAndApply(cli: Cli, files: SentFile[], { dryRun, prune, yes }: Options): Promise<void> {
  const plan = await post(cli, { files, prune: prune ?? false, dryRun: true });
  const people = cli.flags.output !== 'json';
  if (people) for (const line of planLines(plan.changes)) process.stdout.write(`${line}\n`);
  if (dryRun === true || !changesAny(plan.changes)) {
    if (people) process.stdout.write(`${summary(plan.changes, false)}\n`);
    else printJson(plan);
    return;
  }
  const gone = plan.changes.filter(({ change }) => change === 'delete').length;
  if (gone > 0 && yes !== true && !(await agreed(`Apply this, and delete ${gone}?`))) {
    process.exitCode = EXIT.failed;
    return;
  }
  const done = await post(cli, { files, prune: prune ?? false, planToken: plan.planToken });
  if (people) process.stdout.write(`${summary(done.changes, true)}\n`);
  else printJson(done);
}

async function post(
  cli: Cli,
  request: { files: SentFile[]; prune: boolean; dryRun?: boolean; planToken?: string },
): Promise<Applied> {
  const api = await cli.api();
  return body<Applied>(
    api.POST('/api/v1/spaces/{space}/apply', { params: { path: cli.space }, body: given(request) }),
  );
}

/** What is wrong in the files, a line each: `file:line:column: message`. False: it is another error. */
function sayProblems(cli: Cli, thrown: unknown): boolean {
  if (!(thrown instanceof AppError) || !Array.isArray(thrown.detail['problems'])) return false;
  if (cli.flags.output === 'json') printJson({ problems: thrown.detail['problems'] });
  process.stderr.write(`${thrown.message}\n`);
  return true;
}
