import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { AppError, notFound } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf, type Cli } from '../cli.ts';
import { body, content } from '../client.ts';
import { printDone } from '../print.ts';
import type { Artifact, ListOf } from '../shapes.ts';
import { write } from '../write.ts';
import { withExamples } from './examples.ts';

interface Options {
  to?: string;
  task?: string;
}

export function artifactDownload(noun: Command): void {
  const download = noun
    .command('download')
    .description('fetch an artifact; it is in place only when its digest is right')
    .argument('<artifact>', 'id, or its name with --task')
    .option('--task <id>', 'the task that it belongs to')
    .option('--to <file>', 'where to; "-" is stdout; its own name where not given')
    .action(async (artifact: string, options: Options, command: Command) => {
      const cli = cliOf(command);
      const known = options.task === undefined ? undefined : await findArtifact(cli, options.task, artifact);
      const to = options.to ?? basename(known?.name ?? artifact);
      const bytes = await open(cli, known?.id ?? artifact);
      if (to === '-') {
        for await (const part of bytes) await write(process.stdout, part);
        return;
      }
      const length = await keep(bytes, to, known?.digest);
      printDone(cli, { file: to, length }, `${to}: ${length} bytes`);
    });
  withExamples(
    download,
    ['By name', 'longshore artifact download --task 01J8Z… report.html'],
    ['Into a pipe', 'longshore artifact download 01J8Z… --to - | tar xz'],
  );
}

async function findArtifact(cli: Cli, task: string, name: string): Promise<Artifact> {
  const api = await cli.api();
  const all = await body<ListOf<Artifact>>(
    api.GET('/api/v1/spaces/{space}/tasks/{task}/artifacts', { params: { path: { ...cli.space, task } } }),
  );
  const found = all.items.find((artifact) => artifact.name === name || artifact.id === name);
  if (found === undefined) throw notFound('artifact', name);
  if (found.error !== '')
    throw new AppError('gone', `Artifact "${name}" could not be collected: ${found.error}`);
  return found;
}

async function open(cli: Cli, id: string): Promise<ReadableStream<Uint8Array>> {
  const api = await cli.api();
  return content(
    api.GET('/api/v1/spaces/{space}/artifacts/{artifact}/content', {
      params: { path: { ...cli.space, artifact: id } },
      parseAs: 'stream',
    }),
  );
}

/** Under its name only when it is whole. @returns its length */
async function keep(
  from: ReadableStream<Uint8Array>,
  to: string,
  digest: string | undefined,
): Promise<number> {
  const part = `${to}.part`;
  const hash = createHash('sha256');
  let length = 0;
  try {
    await pipeline(
      from,
      async function* (bytes: AsyncIterable<Uint8Array>) {
        for await (const some of bytes) {
          hash.update(some);
          length += some.length;
          yield some;
        }
      },
      createWriteStream(part),
    );
    const found = hash.digest('hex');
    if (digest !== undefined && found !== digest) {
      throw new AppError('corrupt', `Downloading ${to}: its SHA-256 is ${found}, not ${digest}`);
    }
    await rename(part, to);
    return length;
  } finally {
    await rm(part, { force: true });
  }
}
