import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { ago, printList } from '../print.ts';
import type { DeploymentTarget, ListOf } from '../shapes.ts';

export function targetList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list deployment targets, and how their machines are')
    .option('--environment <environment>', 'of this environment only: name or id')
    .option('--role <role>', 'with this role only')
    .action(async (query: { environment?: string; role?: string }, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const targets = await body<ListOf<DeploymentTarget>>(
        api.GET('/api/v1/spaces/{space}/targets', { params: { path: cli.space, query: given(query) } }),
      );
      await printList(cli, targets, {
        columns: {
          NAME: (target) => target.name,
          ENVIRONMENTS: (target) => namesOf(target.environments),
          ROLES: (target) => target.roles.join(', '),
          TENANTS: tenantsOf,
          REACHED: reachedBy,
          HEALTH: (target) => target.machine?.health ?? '',
          STATE: stateOf,
          SEEN: ({ machine }) =>
            machine === null ? '' : machine.connected ? 'now' : ago(machine.lastSeenAt),
        },
        empty:
          'There is no deployment target. "longshore token create --environment E --role R" makes a token with which one registers.',
      });
    });
}

/** What keeps it from scripts, the gravest first; else `ready`. */
export function stateOf({ disabled, machine, leases }: DeploymentTarget): string {
  if (disabled) return 'disabled';
  if (machine === null) return 'ready';
  if (machine.state === 'away') return 'not connected';
  return machine.state === 'ready' && leases > 0 ? 'busy' : machine.state;
}

export function reachedBy({ machine, pool }: DeploymentTarget): string {
  if (machine === null) return `cloud region, by ${pool === null ? 'the default pool' : `pool ${pool.name}`}`;
  return machine.mode;
}

export function tenantsOf({ tenanted, tenants, tenantTags }: DeploymentTarget): string {
  const named = [...tenants.map(({ name }) => name), ...tenantTags].join(', ');
  if (tenanted === 'untenanted') return '';
  return tenanted === 'either' ? `${named === '' ? '' : `${named}, `}or none` : named;
}

export function namesOf(named: readonly { id: string; name: string }[]): string {
  return named.map(({ id, name }) => (name === '' ? id : name)).join(', ');
}
