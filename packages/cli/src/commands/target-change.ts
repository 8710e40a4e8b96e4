/** Changes of a deployment target: update, and those that are one word each. */
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { DeploymentTarget } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { addScopeOptions, scopeOf, type Scope, type ScopeOptions } from './target-options.ts';

interface Change extends Scope {
  name?: string | undefined;
  description?: string | undefined;
  disabled?: boolean;
  pool?: string | undefined;
}

async function changed(cli: Cli, target: string, change: Change): Promise<DeploymentTarget> {
  const api = await cli.api();
  return body<DeploymentTarget>(
    api.PATCH('/api/v1/spaces/{space}/targets/{target}', {
      params: { path: { ...cli.space, target } },
      body: given(change),
    }),
  );
}

interface Options extends ScopeOptions {
  name?: string;
  description?: string;
  pool?: string;
}

export function targetUpdate(noun: Command): void {
  const update = addScopeOptions(
    noun
      .command('update')
      .description('change what a deployment target is for; each list that is given is replaced as a whole')
      .argument('<target>', 'name or id')
      .option('--name <name>', 'new name; its machine keeps its own')
      .option('--description <text>', 'what it is')
      .option('--pool <pool>', 'of a cloud region: the pool that acts for it'),
  ).action(async (target: string, options: Options, command: Command) => {
    const { name, description, pool } = options;
    const cli = cliOf(command);
    const now = await changed(cli, target, { ...scopeOf(options), name, description, pool });
    printDone(cli, now, `Deployment target "${now.name}" is changed.`);
  });
  withExamples(update, [
    'In two environments, with two roles',
    'longshore target update web-1 --environment Test --environment Staging --role web --role db',
  ]);
}

function switched(verb: string, about: { description: string; change: Change; done: string }) {
  return (noun: Command): void => {
    noun
      .command(verb)
      .description(about.description)
      .argument('<target>', 'name or id')
      .action(async (target: string, _options: object, command: Command) => {
        const cli = cliOf(command);
        const now = await changed(cli, target, about.change);
        printDone(cli, now, `Deployment target "${now.name}" ${about.done}.`);
      });
  };
}

export const targetEnable = switched('enable', {
  description: 'deploy to a target again',
  change: { disabled: false },
  done: 'is enabled',
});
export const targetDisable = switched('disable', {
  description: 'leave a target out of new deployments; what runs on it goes on',
  change: { disabled: true },
  done: 'is disabled',
});
