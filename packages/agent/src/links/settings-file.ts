/** `<dataDir>/settings.json`: what `configure` decided for `run`, before there is an identity. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AppError, isErrno } from '@longshore/base';

export interface AgentSettings {
  version: 1;
  mode: 'polling' | 'listening';
  name: string;
  /** host:port; empty when polling. */
  listen: string;
}

export function readSettings(dataDir: string): AgentSettings | undefined {
  const file = join(dataDir, 'settings.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AgentSettings;
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw new AppError('corrupt', `reading ${file} failed`, { cause });
  }
}

export function writeSettings(dataDir: string, settings: AgentSettings): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'settings.json');
  writeFileSync(`${file}.new`, JSON.stringify(settings, null, 2) + '\n', { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
