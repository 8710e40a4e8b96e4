/**
 * Where the server is, and with which key: flags first, then the environment,
 * then what `longshore login` kept. A key is never taken from argv, which
 * every user of the machine can read.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

import { AppError, invalid, isErrno } from '@longshore/base';

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

/** @throws AppError `unauthenticated` when there is no key for the server anywhere */
export function readSettings({ server, apiKeyFile, space, env }: SettingsInput): Settings {
  const login = readLogin(env);
  const where = checkedServer(server ?? env.LONGSHORE_SERVER ?? login?.server ?? DEFAULT_SERVER);
  const apiKey = (
    apiKeyFile !== undefined
      ? readFileSync(apiKeyFile, 'utf8')
      : (env.LONGSHORE_API_KEY ?? (login?.server === where ? login.apiKey : ''))
  ).trim();
  if (apiKey === '') {
    throw new AppError(
      'unauthenticated',
      `No API key for ${where}. Run "longshore login --server ${where}", or set LONGSHORE_API_KEY. The server prints its first key once, at its first start.`,
    );
  }
  return { server: where, apiKey, space: space ?? env.LONGSHORE_SPACE ?? 'default' };
}

/** Without a slash at its end. */
export function checkedServer(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalid('server', text, `an address such as ${DEFAULT_SERVER}`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
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

function readLogin(env: NodeJS.ProcessEnv): Login | undefined {
  const file = loginFile(env);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Login;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw new AppError('invalid', `${file} can't be read; "longshore login" writes it anew`, {
      cause: thrown,
    });
  }
}
