/** Commands that are alike for each kind of what people configure: list, and delete. */
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body } from '../client.ts';
import { printDone, printList, type Cell } from '../print.ts';
import type { ListOf, Resource } from '../shapes.ts';
import { withExamples } from './examples.ts';

interface Nouns {
  kind: Resource['kind'];
  /** In a sentence: `environment`. */
  word: string;
  columns: Record<string, (resource: Resource) => Cell>;
}

export function resourceCommands({ kind, word, columns }: Nouns) {
  return (noun: Command): void => {
    noun
      .command('list')
      .alias('ls')
      .description(`list ${word}s`)
      .action(async (_options: object, command: Command) => {
        const cli = cliOf(command);
        const api = await cli.api();
        const path = { ...cli.space, kind };
        const all = await body<ListOf<Resource>>(
          api.GET('/api/v1/spaces/{space}/resources/{kind}', { params: { path } }),
        );
        await printList(cli, all, {
          columns: { NAME: ({ name }) => name, ...columns, DESCRIPTION: (of) => text(of, 'description') },
          empty: `There is no ${word}. Write one in YAML, and give it to "longshore apply".`,
        });
      });
    noun
      .command('delete')
      .description(`delete a ${word} that nothing uses`)
      .argument('<name>', 'name or id')
      .action(async (name: string, _options: object, command: Command) => {
        const cli = cliOf(command);
        const api = await cli.api();
        const path = { ...cli.space, kind, name };
        await body(api.DELETE('/api/v1/spaces/{space}/resources/{kind}/{name}', { params: { path } }));
        printDone(cli, undefined, `The ${word} "${name}" is deleted.`);
      });
    const called = noun.name();
    withExamples(
      noun,
      [`All ${word}s`, `longshore ${called} list`],
      ['As YAML, to be changed and applied', `longshore export ${kind}`],
    );
  };
}

/** A field of the body that is text or a number. */
export function text({ body: fields }: Resource, key: string): Cell {
  const value = fields[key];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : '';
}

/** A list of names or of references, as names; of objects with names, these. */
export function names({ body: fields, names: known }: Resource, key: string, part = 'name'): string {
  const list = fields[key];
  if (!Array.isArray(list)) return '';
  const all = list.map((entry: unknown) =>
    typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)[part] : entry,
  );
  return all.map((entry) => known[String(entry)] ?? String(entry)).join(', ');
}

/** A reference, as a name. */
export function named({ body: fields, names: known }: Resource, key: string): string {
  const id = fields[key];
  return typeof id === 'string' ? (known[id] ?? id) : '';
}
