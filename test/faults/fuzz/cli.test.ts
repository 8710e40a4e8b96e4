/** What people give to `longshore`: the arguments of every command, its settings, and what servers answer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, expect } from '@jest/globals';
import { AppError, isCode } from '@longshore/base';
import { createTask } from '@longshore/server/api/schemas/tasks';
import { check } from '@longshore/server/api/validation';
import { createParser } from 'eventsource-parser';

import { errorOf } from '../../../packages/cli/src/client.ts';
import { ALL_NOUNS, createProgram } from '../../../packages/cli/src/commands/program.ts';
import { eventOf } from '../../../packages/cli/src/follow/follow-task.ts';
import { readAssignment } from '../../../packages/cli/src/run/assignments.ts';
import { type RunFlags, taskRequest } from '../../../packages/cli/src/run/request.ts';
import { loginFile, readSettings } from '../../../packages/cli/src/settings.ts';
import { corpusFile, fuzzEach, texts } from './target.ts';

const folder = mkdtempSync(join(tmpdir(), 'longshore-fuzz-cli-'));
writeFileSync(join(folder, 'script.sh'), '#!/bin/sh\necho hi\n');
writeFileSync(join(folder, 'value'), 'hunter2\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Command = Awaited<ReturnType<typeof createProgram>>;

/** Commander's own refusal, by its looks: the commands have a copy of it that is theirs. */
function isUsage(thrown: unknown): thrown is Error & { code: string; exitCode: number } {
  return thrown instanceof Error && 'exitCode' in thrown;
}

interface Asked {
  command: string;
  args: unknown[];
  flags: object;
}

/** The very commands of the program; what each would do is noted instead of done. */
const said: string[] = [];
let asked: Asked | undefined;
const program = await createProgram({ nouns: ALL_NOUNS });
const flags: string[] = [];

function noteOnly(command: Command): void {
  command.configureOutput({
    writeOut: (text) => void said.push(text),
    writeErr: (text) => void said.push(text),
  });
  command.exitOverride();
  flags.push(...command.options.map(({ long }) => long ?? ''));
  command.commands.forEach(noteOnly);
  if (command.commands.length > 0) return;
  command.action((...args: unknown[]) => {
    asked = { command: command.name(), args: args.slice(0, -2), flags: command.opts() };
  });
}
noteOnly(program);

/** One argument a line; FILES stands for a folder with a script and a value. */
async function commanded(input: Buffer): Promise<string> {
  const argv = input.toString().replaceAll('FILES', folder).split('\n');
  said.length = 0;
  asked = undefined;
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    if (isCode(thrown, 'invalid')) {
      const named = flags.some((flag) => flag !== '' && thrown.message.startsWith(`${flag}: `));
      expect([thrown.message, named]).toEqual([thrown.message, true]);
      throw thrown;
    }
    if (!isUsage(thrown)) throw thrown;
    // Help that was asked for is no refusal; what is refused is said in a line.
    if (thrown.exitCode === 0) return 'help';
    expect(said.join('')).toMatch(/^(error: .|Usage: )/m);
    throw new AppError('invalid', thrown.code);
  }
  const found = asked as Asked | undefined;
  if (found?.command !== 'run') return found?.command ?? '';
  await requested(found);
  return 'run';
}

/** What `run` asks of the server: taken by its schema, or refused by a field that the caller gave. */
async function requested({ args: [file, rest], flags: given }: Asked): Promise<void> {
  const around = { env: { SET: 'hunter2' }, stdin: nothing(), terminal: { columns: 80, rows: 24 } };
  const request = await taskRequest(
    file as string | undefined,
    { ...(given as RunFlags), arg: rest as string[] },
    around,
  );
  try {
    check(createTask, JSON.parse(JSON.stringify(request)));
  } catch (thrown) {
    if (!isCode(thrown, 'invalid')) throw thrown;
    for (const { expected } of thrown.fields) expect(expected).not.toMatch(/a known field|it is required/);
    throw thrown;
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

function assigned(input: Buffer): void {
  const text = input.toString().replaceAll('FILES', folder);
  const env = { SET: 'from env' };
  const { name, value } = readAssignment(text, '--secret', { env, secret: true });
  expect(name).not.toBe('');
  expect(typeof value).toBe('string');
  if (value !== 'hunter2' && name !== 'SET') expect(text).toContain(value);
}

const env = { XDG_CONFIG_HOME: folder };
mkdirSync(dirname(loginFile(env)), { recursive: true });

function settled(more: NodeJS.ProcessEnv): void {
  const { server, apiKey } = readSettings({ env: { ...env, ...more } });
  expect(URL.parse(server)?.protocol).toMatch(/^https?:$/);
  // It can be sent.
  expect(new Headers({ authorization: `Bearer ${apiKey}` }).get('authorization')).toBe(`Bearer ${apiKey}`);
}

/** No error shows the key. */
function unshown(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    expect(
      JSON.stringify([(thrown as Error).message, thrown, String((thrown as Error).cause)]),
    ).not.toContain('hunter2');
    throw thrown;
  }
}

fuzzEach([
  {
    name: 'command lines',
    corpus: texts(
      'run\n--pool\nlinux\nFILES/script.sh\na\nb',
      'run\n--script\necho\n--var\nA=1\n--secret\nB=@FILES/value\n--env\nC=x\n--timeout\n10m\n--grace\n5s\n--mutex\ndb:reader',
      'run\n--worker\nw1\n--worker\nw2\n--exclusive\n--tty\n--max-processes\n5\n--largest-log\n1GiB\n--file\nFILES/value\n-',
      'task\nlist\n--state\nqueued\n-n\n5\n-o\njson',
      'task\nlog\n-f\n01ARZ3NDEKTSV4RRFFQ69G5FAV\n--server\nhttp://a',
      'worker\nadd\n--listening\nlsp_x\n--label\na=b\n--slots\n3\n--pool\nlinux',
      'worker\nupdate\nw1\n--name\nw2\n--label\na=b',
      'worker\nupgrade\n--pool\nlinux\n--yes\n--confirm-within\n30s',
      'policy\nupdate\n--interval\n10m\n--script-file\nFILES/script.sh',
      'token\ncreate\n--life\n1h\n--pool\na',
      'artifact\ndownload\nx\n--to\n-',
      'lease\nhistory\n--limit\n7\n--worker\nw',
      'completion\nbash',
      '--help',
    ),
    words: [
      ...new Set(flags),
      ...ALL_NOUNS,
      '\n',
      '=',
      '\n--\n',
      '@FILES/value',
      'list',
      'show',
      'create',
      '-',
    ],
    read: commanded,
    cost: 3,
  },
  {
    name: 'assignments',
    corpus: texts('A=1', 'A=@FILES/value', 'A=@@b', 'SET', '=x', 'toString'),
    words: ['=', '@', 'SET', 'FILES/value', '__proto__'],
    read: assigned,
  },
  {
    name: 'what login kept',
    corpus: [corpusFile('disk/login.json')],
    json: true,
    words: ['hunter2', '\\n', '"server":', '"apiKey":'],
    cost: 2,
    read(input) {
      writeFileSync(loginFile(env), input);
      // An address may be shown, whatever stands in it.
      if (/server":"[^"]*hunter2/.test(input.toString())) settled({});
      else unshown(() => settled({}));
    },
  },
  {
    name: 'API keys of the environment',
    corpus: texts('lsk_hunter2', ' lsk_hunter2 \n', 'lsk_\nhunter2'),
    read: (input) => unshown(() => settled({ LONGSHORE_SERVER: 'a', LONGSHORE_API_KEY: input.toString() })),
  },
  {
    name: 'addresses of servers',
    corpus: texts(
      'http://127.0.0.1:8080/',
      'https://deploy.example.com/longshore/',
      'deploy:8080',
      'http://u:hunter2@a',
    ),
    words: ['http://', 'https://', '://', ':', '/', '@', '?', '#'],
    read: (input) => settled({ LONGSHORE_SERVER: input.toString(), LONGSHORE_API_KEY: 'k' }),
  },
  {
    name: 'error answers',
    corpus: texts(
      '{"error":{"code":"conflict","message":"no","fields":[{"field":"a","value":1,"expected":"b"}],"detail":{"c":1}}}',
      '<html>502 Bad Gateway</html>',
    ),
    json: true,
    read(input) {
      const error = errorOf(502, input.toString(), 'http://s');
      expect(typeof error.message).toBe('string');
      for (const { field, expected } of error.fields)
        expect(typeof field + typeof expected).toBe('stringstring');
      expect(() => Object.entries(error.detail)).not.toThrow();
      return error.code;
    },
  },
  {
    name: 'event streams',
    corpus: texts(
      'id: 1.0\nevent: log\ndata: {"entries":[]}\n\n: alive\n\n',
      'event: end\ndata: {"task":1}\n\n',
    ),
    words: ['id: ', 'event: ', 'data: ', '\n\n', '\r\n', ': '],
    read(input) {
      const events: string[] = [];
      const parser = createParser({ onEvent: (event) => events.push(JSON.stringify(eventOf(event))) });
      parser.feed(input.toString());
      return String(events.length);
    },
  },
]);
