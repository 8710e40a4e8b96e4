import { text as readStream } from 'node:stream/consumers';

import { AppError } from '@longshore/base';
import type { Command } from 'commander';

import { cliOf } from '../cli.ts';
import { body, connectApi } from '../client.ts';
import { printDone } from '../print.ts';
import { checkedKey, DEFAULT_SERVER, forgetLogin, keepLogin, serverOf } from '../settings.ts';
import type { WhoAmI } from '../shapes.ts';
import { withExamples } from './examples.ts';

/** The key is asked for, or read from standard input or LONGSHORE_API_KEY: never from argv. */
export function addLogin(login: Command): void {
  login
    .description('keep the address of a server and an API key for it, under your config folder')
    .action(async (_options: object, command: Command) => {
      const cli = cliOf(command);
      const server = serverOf({ server: cli.flags.server, env: process.env }) ?? DEFAULT_SERVER;
      const apiKey = checkedKey(
        process.env.LONGSHORE_API_KEY ??
          (process.stdin.isTTY ? await ask(`API key for ${server}: `) : await readStream(process.stdin)),
        'the API key',
      );
      if (apiKey === '') throw new AppError('unauthenticated', 'No API key was given');
      const who = await body<WhoAmI>(
        connectApi({ server, apiKey, space: 'default' }).GET('/api/v1/whoami', {}),
      );
      const file = keepLogin({ server, apiKey }, process.env);
      printDone(
        cli,
        { server, file, apiKey: who.apiKey },
        `Logged in to ${server} as "${who.apiKey.name}"; kept in ${file}.`,
      );
    });
  withExamples(
    login,
    ['Asks for the key', 'longshore login --server https://deploy.example.com'],
    ['From a file', 'longshore login --server https://deploy.example.com < key'],
  );
}

export function addLogout(logout: Command): void {
  logout
    .description('forget what login kept; the key itself stays good')
    .action((_options: object, command: Command) => {
      const file = forgetLogin(process.env);
      printDone(cliOf(command), { file }, `${file} is gone.`);
    });
}

/** A line from the terminal that is not shown. */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (): void => {
      stdin.setRawMode(false).pause().off('data', take);
      stderr.write('\n');
    };
    const take = (part: string): void => {
      for (const letter of part) {
        if (letter === '\r' || letter === '\n' || letter === '\u0004') {
          end();
          resolve(typed);
          return;
        }
        if (letter === '\u0003') {
          end();
          reject(new AppError('cancelled', 'Not logged in'));
          return;
        }
        typed = letter === '\u007f' ? typed.slice(0, -1) : typed + letter;
      }
    };
    stdin.setRawMode(true).setEncoding('utf8').resume().on('data', take);
  });
}
