import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { ago, at, printDone, printList } from '../print.ts';
import type { ApiKey, CreatedApiKey, ListOf } from '../shapes.ts';

export function addTo(noun: Command): void {
  for (const add of [apiKeyList, apiKeyCreate, apiKeyDelete]) add(noun);
}

function apiKeyList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list API keys; what they are is not shown again')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const keys = await body<ListOf<ApiKey>>(
        api.GET('/api/v1/spaces/{space}/api-keys', { params: { path: cli.space } }),
      );
      await printList(cli, keys, {
        columns: {
          ID: (key) => key.id,
          NAME: (key) => key.name,
          STATE: (key) => (key.revokedAt === null ? 'good' : `deleted ${at(key.revokedAt)}`),
          USED: (key) => ago(key.lastUsedAt),
          CREATED: (key) => at(key.createdAt),
        },
        empty: 'There is no API key.',
      });
    });
}

function apiKeyCreate(noun: Command): void {
  noun
    .command('create')
    .description('make an API key; it is shown this once')
    .argument('<name>', 'whose it is, or what for: stands in logs and in the audit trail')
    .action(async (name: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const key = await body<CreatedApiKey>(
        api.POST('/api/v1/spaces/{space}/api-keys', { params: { path: cli.space }, body: { name } }),
      );
      printDone(cli, key, key.key);
    });
}

function apiKeyDelete(noun: Command): void {
  noun
    .command('delete')
    .description('delete an API key: it opens nothing from now on')
    .argument('<key>', 'its id')
    .action(async (key: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/api-keys/{key}', { params: { path: { ...cli.space, key } } }),
      );
      printDone(cli, undefined, `API key ${key} is deleted.`);
    });
}
