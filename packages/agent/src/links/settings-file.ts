/** `<dataDir>/settings.json`: what `configure` decided for `run`, before there is an identity. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';

export interface AgentSettings {
  version: 1;
  mode: 'polling' | 'listening';
  name: string;
  /** host:port; empty when polling. */
  listen: string;
}

const SETTINGS: Shape<AgentSettings> = shape.fields({
  version: shape.only(1),
  mode: shape.only('polling', 'listening'),
  name: shape.text,
  listen: shape.text,
});

/** @throws AppError `corrupt` */
export function readSettings(dataDir: string): AgentSettings | undefined {
  const file = join(dataDir, 'settings.json');
  try {
    return readJson(readFileSync(file, 'utf8'), SETTINGS, file);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

export function writeSettings(dataDir: string, settings: AgentSettings): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'settings.json');
  writeFileSync(`${file}.new`, JSON.stringify(settings, null, 2) + '\n', { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
