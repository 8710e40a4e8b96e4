import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { at, printDone, printList } from '../print.ts';
import type { ListOf, RegistrationToken } from '../shapes.ts';
import { namesOf } from './target-list.ts';

export function tokenList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list registration tokens; what they are is not shown again')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const tokens = await body<ListOf<RegistrationToken>>(
        api.GET('/api/v1/spaces/{space}/tokens', { params: { path: cli.space } }),
      );
      await printList(cli, tokens, {
        columns: {
          ID: (token) => token.id,
          POOLS: (token) => token.pools.map((pool) => pool.name).join(', '),
          TARGET: ({ target }) =>
            target === null ? '' : `${namesOf(target.environments)}: ${target.roles.join(', ')}`,
          STATE: stateOf,
          EXPIRES: (token) => at(token.expiresAt),
          BY: (token) => token.createdBy,
          DESCRIPTION: (token) => token.description,
        },
        empty: 'There is no registration token.',
      });
    });
}

export function tokenDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete a registration token')
    .argument('<token>', 'its id')
    .action(async (token: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/tokens/{token}', { params: { path: { ...cli.space, token } } }),
      );
      printDone(cli, undefined, `Token ${token} is deleted.`);
    });
}

function stateOf(token: RegistrationToken): string {
  if (token.usedAt !== null) return `used ${at(token.usedAt)}`;
  return token.expiresAt < Date.now() ? 'expired' : 'good';
}
