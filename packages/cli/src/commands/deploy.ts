import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body } from '../client.ts';
import type { Task } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { updateVariables } from './release-change.ts';
import { releaseVersion } from './release-version.ts';
import {
  addRunOptions,
  DEPLOY_TIMES,
  RUN_EXIT_CODES,
  startOptions,
  type SharedRunFlags,
} from './run-options.ts';

interface Flags extends SharedRunFlags {
  project: string;
  version: string;
  updateVariables?: boolean;
}

export function addTo(deploy: Command): void {
  deploy
    .description('deploy a release, show how it goes, and end with what became of it')
    .requiredOption('-p, --project <project>', 'name or id')
    .requiredOption('--version <version>', 'of the release; "latest" is the newest one')
    .option('--update-variables', 'first take the variables of the release anew from what stands now');
  addRunOptions(deploy, { verb: 'deploy', target: 'deployment-target' }).action(
    async (flags: Flags, command: Command) => {
      process.exitCode = await deployRelease(cliOf(command), flags);
    },
  );
  withExamples(
    deploy,
    ['The newest release', 'longshore deploy -p Web --version latest -e Production'],
    [
      'For two tenants, with a value that is asked for, but for one step',
      'longshore deploy -p Web --version 1.2.0 -e Production --tenant Acme --tenant Globex --variable "Who:ops" --skip Notify',
    ],
    [
      'For all tenants with a tag that the project is deployed for there',
      'longshore deploy -p Web --version latest -e Production --tenant-tag Region/Europe',
    ],
    [
      'At night, or not at all',
      'longshore deploy -p Web --version 1.2.0 -e Production --deploy-at 2026-05-01T22:00 --deploy-at-expiry 2026-05-02T02:00 --no-wait',
    ],
  );
  deploy.addHelpText('after', RUN_EXIT_CODES);
}

async function deployRelease(cli: Cli, flags: Flags): Promise<number> {
  const { processRun, processRuns } = await import('../run/process-run.ts');
  const { placesOf } = await import('../run/places.ts');
  const { startRuns } = await import('../run/start-runs.ts');
  const { project } = flags;
  const run = processRun(flags, DEPLOY_TIMES, Date.now(), process.env);
  const runs = processRuns(run, await placesOf(cli, project, flags));
  const version = await releaseVersion(cli, flags);
  if (flags.updateVariables === true) await updateVariables(cli, { project, version });
  const api = await cli.api();
  const starts = runs.map(
    (one) => () =>
      body<Task>(
        api.POST('/api/v1/spaces/{space}/deployments', {
          params: { path: cli.space },
          body: { project, version, ...one },
        }),
      ),
  );
  return startRuns(cli, starts, startOptions(flags));
}
