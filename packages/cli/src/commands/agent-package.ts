import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { isErrno, notFound } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { authorization, body, errorOf, requireType, unreachable } from '../client.ts';
import { ago, printDone, printList } from '../print.ts';
import type { AgentPackage, ListOf } from '../shapes.ts';
import { withExamples } from './examples.ts';

export function addTo(noun: Command): void {
  for (const add of [agentPackageList, agentPackageAdd, agentPackageDelete]) add(noun);
  withExamples(
    noun,
    [
      'Give a new version to the server',
      'longshore agent-package add longshore-agent-1.4.0-linux-x64.package',
    ],
    ['and let the workers of a pool become it', 'longshore worker upgrade --pool linux'],
  );
}

function agentPackageList(noun: Command): void {
  noun
    .command('list')
    .alias('ls')
    .description('list the versions of the agent that the server can give to workers')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      const packages = await body<ListOf<AgentPackage>>(
        api.GET('/api/v1/spaces/{space}/agent-packages', { params: { path: cli.space } }),
      );
      await printList(cli, packages, {
        columns: {
          ID: (one) => one.id,
          VERSION: (one) => one.version,
          MACHINES: (one) => `${one.os} ${one.arch}`,
          NODE: (one) => `${one.minNode} or newer`,
          BYTES: (one) => one.length,
          'SHA-256': (one) => one.digest.slice(0, 12),
          ADDED: (one) => `${ago(one.createdAt)} by ${one.createdBy}`,
        },
        empty: 'There is no agent package. "longshore agent-package add FILE" adds one.',
      });
    });
}

function agentPackageAdd(noun: Command): void {
  noun
    .command('add')
    .description('give the server a version of the agent')
    .argument('<file>', 'an agent package')
    .action(async (file: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const added = await upload(cli, file);
      const { version, os, arch, digest } = added;
      printDone(cli, added, `Version ${version} for ${os} ${arch} is here (SHA-256 ${digest}).`);
    });
}

function agentPackageDelete(noun: Command): void {
  noun
    .command('delete')
    .alias('rm')
    .description('delete a version of the agent from the server; agents that run it go on')
    .argument('<package>', 'its id')
    .action(async (agentPackage: string, _options: object, command: Command) => {
      const cli = cliOf(command);
      const api = await cli.api();
      await body(
        api.DELETE('/api/v1/spaces/{space}/agent-packages/{agentPackage}', {
          params: { path: { ...cli.space, agentPackage } },
        }),
      );
      printDone(cli, undefined, `Agent package ${agentPackage} is deleted.`);
    });
}

/** Streamed: the typed client would hold all of it. */
async function upload(cli: Cli, file: string): Promise<AgentPackage> {
  const length = await lengthOf(file);
  const { server, space } = cli.settings;
  const url = `${server}/api/v1/spaces/${encodeURIComponent(space)}/agent-packages`;
  const init: RequestInit & { duplex: 'half' } = {
    method: 'POST',
    headers: {
      ...authorization(cli.settings),
      'content-type': 'application/octet-stream',
      'content-length': String(length),
    },
    body: Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>,
    duplex: 'half',
  };
  const answer = await fetch(url, init).catch((thrown: unknown) => {
    throw unreachable(server, thrown);
  });
  const text = await answer.text();
  if (!answer.ok) throw errorOf(answer.status, text, server);
  requireType(answer.headers.get('content-type'), 'json', server);
  return JSON.parse(text) as AgentPackage;
}

async function lengthOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) throw notFound('file', file);
    throw thrown;
  }
}
