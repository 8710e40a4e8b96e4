import { formatDuration } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printOne } from '../print.ts';
import type { MachinePolicy } from '../shapes.ts';

export function policyShow(noun: Command): void {
  noun
    .command('show')
    .description('show how the health of workers is checked')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const found = await body<MachinePolicy>(
        api.GET('/api/v1/spaces/{space}/policies/default', { params: { path: cli.space } }),
      );
      const { healthCheckIntervalMs: every, healthCheckTimeoutMs: within, healthCheckScript } = found;
      printOne(cli, found, {
        name: found.name,
        id: found.id,
        interval: every === 0 ? 'never' : formatDuration(every),
        timeout: formatDuration(within),
        script: healthCheckScript === '' ? '(none: only the connection is tested)' : healthCheckScript,
      });
    });
}
