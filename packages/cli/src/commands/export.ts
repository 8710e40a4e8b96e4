import { invalid } from '@longshore/base';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { content, given } from '../client.ts';
import { kindNamed, KINDS } from '../model/kinds.ts';
import { write } from '../write.ts';
import { withExamples } from './examples.ts';

export function addTo(command: Command): void {
  command
    .description(
      'what is configured, as YAML that "longshore apply" takes; secrets are left out, and stay when applied',
    )
    .argument('[kind]', `one of ${Object.keys(KINDS).join(', ')}; all where not given`)
    .argument('[name]', 'name or id; of a runbook Project/Runbook too')
    .option('--to <file|folder/>', 'a file, or a folder for a file each; standard output where not given')
    .action(
      async (kind: string | undefined, name: string | undefined, { to }: { to?: string }, of: Command) => {
        const cli = cliOf(of);
        const known = kind === undefined ? undefined : kindNamed(kind);
        if (kind !== undefined && known === undefined)
          throw invalid('kind', kind, `one of ${Object.keys(KINDS).join(', ')}`);
        const api = await cli.api();
        const stream = await content(
          api.GET('/api/v1/spaces/{space}/export', {
            params: { path: cli.space, query: given({ kind: known, name }) },
            parseAs: 'stream',
          }),
        );
        const yaml = await text(stream);
        if (to === undefined) {
          await write(process.stdout, yaml);
          return;
        }
        const { writeExport } = await import('../model/write-export.ts');
        const files = await writeExport(yaml, to);
        process.stderr.write(`${files.length} ${files.length === 1 ? 'file is' : 'files are'} written.\n`);
      },
    );
  withExamples(
    command,
    ['All of it, a file each', 'longshore export --to deploy/'],
    ['One project', 'longshore export Project Web'],
  );
}
