/**
 * The functions that scripts call, as files: shipped with the agent, and laid
 * once for each version below the data directory, so that an upgrade changes
 * nothing under a script that runs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AppError } from '@longshore/base';

/** Beside the bundle, or at the package's root when the sources run. */
const PLACES = ['./helpers', '../helpers', '../../helpers'];

/** @throws AppError `notFound` for an installation without them */
export function shippedHelpers(moduleUrl: string = import.meta.url): string {
  for (const place of PLACES) {
    const folder = fileURLToPath(new URL(place, moduleUrl));
    if (existsSync(join(folder, 'bash', 'longshore.sh'))) return folder;
  }
  throw new AppError('notFound', `the functions for scripts are not beside ${fileURLToPath(moduleUrl)}`);
}

/**
 * Lays the files into `<dataDir>/helpers/<version>`. What stands there and is
 * the same stays untouched; what differs is replaced, each file at once.
 * Everybody may read them: scripts may run as another user.
 *
 * @returns that folder
 */
export function layHelpers({
  dataDir,
  version,
  from = shippedHelpers(),
}: {
  dataDir: string;
  version: string;
  from?: string;
}): string {
  const folder = join(dataDir, 'helpers', version);
  for (const entry of readdirSync(from, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.parentPath.endsWith('__pycache__')) continue;
    const source = join(entry.parentPath, entry.name);
    layFile(join(folder, source.slice(from.length + 1)), readFileSync(source));
  }
  return folder;
}

function layFile(path: string, bytes: Buffer): void {
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, bytes, { mode: 0o444 });
  renameSync(temporary, path);
}
