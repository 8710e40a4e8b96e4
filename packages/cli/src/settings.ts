/**
 * Where the server is, and with which key: flags first, then the environment,
 * then what `longshore login` kept. A key is never taken from argv, which
 * every user of the machine can read.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

import { AppError, invalid, isErrno, toError } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

export const DEFAULT_SERVER = 'http://127.0.0.1:8080';

export interface Settings {
  server: string;
  apiKey: string;
  space: string;
}

export interface SettingsInput {
  server?: string | undefined;
  apiKeyFile?: string | undefined;
  space?: string | undefined;
  env: NodeJS.ProcessEnv;
}

interface Login {
  server: string;
  apiKey: string;
}

/** @throws AppError `unauthenticated` when there is no key for the server anywhere, `invalid` */
export function readSettings({ server, apiKeyFile, space, env }: SettingsInput): Settings {
  const told = serverOf({ server, env });
  const key = keyOf(apiKeyFile, env);
  // Who says all of it needs no file, and is not stopped by one that is damaged.
  const login = told === undefined || key === undefined ? readLogin(env) : undefined;
  const where = told ?? login?.server ?? DEFAULT_SERVER;
  const [source, given] = key ?? ['login.json', login?.server === where ? login.apiKey : ''];
  const apiKey = checkedKey(given, source);
  if (apiKey === '') {
    throw new AppError(
      'unauthenticated',
      `No API key for ${where}. Run "longshore login --server ${where}", or set LONGSHORE_API_KEY. The server prints its first key once, at its first start.`,
    );
  }
  return { server: where, apiKey, space: space ?? env.LONGSHORE_SPACE ?? 'default' };
}

/** Where the flag or the environment says that the server is, without a slash at its end. @throws AppError `invalid` */
export function serverOf({ server, env }: Pick<SettingsInput, 'server' | 'env'>): string | undefined {
  if (server !== undefined) return checkedServer(server, '--server');
  return env.LONGSHORE_SERVER === undefined
    ? undefined
    : checkedServer(env.LONGSHORE_SERVER, 'LONGSHORE_SERVER');
}

function checkedServer(text: string, field: string): string {
  const address = addressOf(text);
  if (address === undefined) throw invalid(field, text, `an address such as ${DEFAULT_SERVER}`);
  return address;
}

function addressOf(text: string): string | undefined {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined;
  let path = url.pathname;
  // By hand: a pattern for the slashes at the end looks for that end from each slash.
  while (path.endsWith('/')) path = path.slice(0, -1);
  return url.origin + path;
}

function keyOf(file: string | undefined, env: NodeJS.ProcessEnv): [source: string, key: string] | undefined {
  if (file === undefined)
    return env.LONGSHORE_API_KEY === undefined ? undefined : ['LONGSHORE_API_KEY', env.LONGSHORE_API_KEY];
  try {
    return ['--api-key-file', readFileSync(file, 'utf8')];
  } catch (thrown) {
    throw invalid('--api-key-file', file, `a file that can be read (${toError(thrown).message})`);
  }
}

/** What can't stand in a header is no key; the error of whoever tried to send it would show it. @throws AppError `invalid` */
export function checkedKey(given: string, source: string): string {
  const key = given.trim();
  if (/^[\x21-\x7e]*$/.test(key)) return key;
  const expected = 'one line that starts with lsk_';
  throw new AppError(
    'invalid',
    `${source}: what stands there (not shown) is no API key; expected ${expected}`,
    {
      fields: [{ field: source, expected }],
    },
  );
}

export function loginFile(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME ?? join(env.HOME ?? homedir(), '.config'), 'longshore', 'login.json');
}

/** Readable by the user alone; a file that is there already is replaced at once or not at all. */
export function keepLogin(login: Login, env: NodeJS.ProcessEnv): string {
  const file = loginFile(env);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${String(process.pid)}`;
  writeFileSync(fresh, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
  renameSync(fresh, file);
  return file;
}

/** Idempotent. */
export function forgetLogin(env: NodeJS.ProcessEnv): string {
  const file = loginFile(env);
  rmSync(file, { force: true });
  return file;
}

const LOGIN: Shape<Login> = shape.fields({
  server: shape.such('an address', (text) => addressOf(text) === text),
  apiKey: shape.text,
});

function readLogin(env: NodeJS.ProcessEnv): Login | undefined {
  const file = loginFile(env);
  try {
    return readJson(readFileSync(file, 'utf8'), LOGIN, file);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw new AppError('invalid', `${toError(thrown).message}; "longshore login" writes it anew`);
  }
}
