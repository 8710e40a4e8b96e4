import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { ago, at, printOne } from '../print.ts';
import type { DeploymentTarget } from '../shapes.ts';
import { namesOf, reachedBy, stateOf, tenantsOf } from './target-list.ts';

export function targetShow(noun: Command): void {
  noun
    .command('show')
    .description('show one deployment target: what it is for, its machine, health and state')
    .argument('<target>', 'name or id')
    .action(async (target: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const found = await body<DeploymentTarget>(
        api.GET('/api/v1/spaces/{space}/targets/{target}', { params: { path: { ...cli.space, target } } }),
      );
      printOne(cli, found, {
        name: found.name,
        id: found.id,
        description: found.description,
        environments: namesOf(found.environments),
        roles: found.roles.join(', '),
        tenants: `${found.tenanted}${tenantsOf(found) === '' ? '' : `: ${tenantsOf(found)}`}`,
        reached: reachedBy(found),
        state: [stateOf(found), found.machine?.stateReason ?? ''].filter((text) => text !== '').join(': '),
        ...machine(found),
        created: at(found.createdAt),
        changed: at(found.changedAt),
        ...Object.fromEntries(
          found.warnings.map((text, i) => [i === 0 ? 'warning' : `warning ${i + 1}`, text]),
        ),
      });
    });
}

function machine({ machine: of, leases }: DeploymentTarget): Record<string, string> {
  if (of === null) return {};
  const reason = of.healthReason === '' ? '' : `: ${of.healthReason}`;
  return {
    machine: `${of.name} (${of.id})`,
    health: `${of.health}${reason} (${ago(of.healthAt)})`,
    agent: of.version,
    pools: namesOf(of.pools),
    connected: of.connected ? 'yes' : `no; last seen ${ago(of.lastSeenAt)}`,
    'in use': leases > 0 ? `by ${leases === 1 ? 'a run' : `${leases} runs`}: "longshore lease list"` : 'no',
  };
}
