import { formatDuration } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { ago, at, printOne } from '../print.ts';
import type { Worker } from '../shapes.ts';
import { stateOf } from './worker-list.ts';

export function workerShow(noun: Command): void {
  noun
    .command('show')
    .description('show one worker: its machine, tools, health and state')
    .argument('<worker>', 'name or id')
    .action(async (worker: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const found = await body<Worker>(
        api.GET('/api/v1/spaces/{space}/workers/{worker}', { params: { path: { ...cli.space, worker } } }),
      );
      printOne(cli, found, {
        name: found.name,
        id: found.id,
        mode: found.address === '' ? found.mode : `${found.mode} at ${found.address}`,
        state: [stateOf(found), found.locked, found.quarantined].filter((text) => text !== '').join(': '),
        health: `${found.health}${found.healthReason === '' ? '' : `: ${found.healthReason}`} (${ago(found.healthAt)})`,
        pools: found.pools.map((pool) => pool.name).join(', '),
        ...targets(found),
        labels: Object.entries(found.labels)
          .map((label) => label.join('='))
          .join(', '),
        leases: `${found.leases} of ${found.slots} slots`,
        idle: found.idleSince === null ? '' : `for ${formatDuration(Date.now() - found.idleSince)}`,
        agent:
          found.upgrading === ''
            ? found.version
            : `${found.version}, upgraded now by task ${found.upgrading}`,
        key: found.keyFingerprint,
        ...machine(found),
        connected: found.connected
          ? `since ${at(found.connectedAt)}`
          : `no; last seen ${ago(found.lastSeenAt)}`,
        registered: at(found.createdAt),
      });
    });
}

function targets({ targets: of, pools }: Worker): Record<string, string> {
  if (of.length === 0) return {};
  const both = pools.length > 0 ? '; a script for it has the machine alone, so each waits for the other' : '';
  return { targets: `${of.map(({ name }) => name).join(', ')}${both}` };
}

function machine({ facts }: Worker): Record<string, string> {
  if (facts === null) return {};
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return {
    machine: `${facts.hostname}, ${facts.os} ${facts.architecture}, ${facts.processors} processors`,
    memory: gigabytes(facts.memoryBytes),
    'free disk': gigabytes(facts.freeDiskBytes),
    tools: facts.tools.map((tool) => `${tool.name} ${tool.version}`.trim()).join(', '),
    cgroups: facts.cgroups ? 'yes' : 'no: processes that a script leaves behind are ended as well as can be',
  };
}
