/** The changes of a worker that are one word each: enable, disable, drain, resume. */
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, given } from '../client.ts';
import { printDone } from '../print.ts';
import type { Worker } from '../shapes.ts';

interface Change {
  name?: string | undefined;
  enabled?: boolean;
  draining?: boolean;
  slots?: number | undefined;
  labels?: Record<string, string> | undefined;
  pools?: string[] | undefined;
}

export async function changeWorker(cli: Cli, worker: string, change: Change): Promise<Worker> {
  const api = await cli.api();
  return body<Worker>(
    api.PATCH('/api/v1/spaces/{space}/workers/{worker}', {
      params: { path: { ...cli.space, worker } },
      body: given(change),
    }),
  );
}

function changing(verb: string, about: { description: string; change: Change; done: string }) {
  return (noun: Command): void => {
    noun
      .command(verb)
      .description(about.description)
      .argument('<worker>', 'name or id')
      .action(async (worker: string, _options: object, command: Command) => {
        const cli = cliOf(command);
        const changed = await changeWorker(cli, worker, about.change);
        printDone(cli, changed, `Worker "${changed.name}" ${about.done}.`);
      });
  };
}

export const workerEnable = changing('enable', {
  description: 'let a worker take leases again',
  change: { enabled: true },
  done: 'is enabled',
});
export const workerDisable = changing('disable', {
  description: 'let a worker take no new lease; what runs on it goes on',
  change: { enabled: false },
  done: 'is disabled',
});
export const workerDrain = changing('drain', {
  description: 'let what runs on a worker end, and send nothing new: before it is taken out of service',
  change: { draining: true },
  done: 'is draining',
});
export const workerResume = changing('resume', {
  description: 'end the draining of a worker',
  change: { draining: false },
  done: 'takes leases again',
});
