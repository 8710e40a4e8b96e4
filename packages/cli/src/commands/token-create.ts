import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, given } from '../client.ts';
import { at, printDone } from '../print.ts';
import type { CreatedRegistrationToken } from '../shapes.ts';
import { withExamples } from './examples.ts';
import { durationOf, repeated } from './options.ts';
import { addScopeOptions, newScopeOf, scopeOf, sentScope, type ScopeOptions } from './target-options.ts';

interface Options extends ScopeOptions {
  pool?: string[];
  description?: string;
  life?: number;
}

export function tokenCreate(noun: Command): void {
  const create = addScopeOptions(
    noun
      .command('create')
      .description(
        'make a token with which one agent registers itself, once, as a worker or a deployment target; it is shown this once',
      )
      .option(
        '--pool <pool>',
        'a pool that the worker comes into (may be repeated); the default pool where neither this nor --environment is given',
        repeated,
      ),
  )
    .option('--description <text>', 'what it is for')
    .option('--life <duration>', 'how long it is good for, such as 1h', durationOf('--life'))
    .action(async (options: Options, command: Command) => {
      const { pool, description, life } = options;
      const scoped = Object.values(scopeOf(options)).some((value) => value !== undefined);
      const target = scoped ? newScopeOf(options) : undefined;
      const cli = cliOf(command);
      const api = await cli.api();
      const token = await body<CreatedRegistrationToken>(
        api.POST('/api/v1/spaces/{space}/tokens', {
          params: { path: cli.space },
          body: given({
            ...{ pools: pool, description, lifeMs: life },
            target: target === undefined ? undefined : sentScope(target),
          }),
        }),
      );
      printDone(cli, token, token.token);
      for (const warning of token.warnings) process.stderr.write(`${warning}\n`);
      process.stderr.write(`good for one agent, until ${at(token.expiresAt)}\n`);
    });
  withExamples(
    create,
    [
      'Hand one to a new machine without showing it',
      'longshore token create --pool linux | ssh build-7 "cat > token && longshore-agent register --token-file token"',
    ],
    [
      'For a machine that is deployed to',
      'longshore token create --environment Production --role web > token',
    ],
  );
}
