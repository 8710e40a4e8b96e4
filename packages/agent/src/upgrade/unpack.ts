/**
 * Lays a package beside what runs: `<dataDir>/versions/<version>`.
 *
 * Always true: the folder appears whole, with every digest found right, or not
 * at all; nothing of it is executed here; what this machine or this data
 * directory can't go back from is refused before anything is laid.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { AppError } from '@longshore/base';
import { readPackage, type PackageManifest } from '@longshore/protocol/agent-package';

import { DATA_FORMAT, versionFolder, versionsFolder, type Program } from '../contract/versions.ts';

/**
 * @param file named by its digest
 * @throws AppError `corrupt` (damaged), `conflict` (not for this machine, or no way back from it)
 */
export async function unpack(
  dataDir: string,
  { file, version }: { file: string; version: string },
): Promise<Program> {
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (digest !== basename(file))
    throw new AppError('corrupt', `the agent package ${basename(file)} has SHA-256 ${digest}`);
  const { manifest, files } = await readPackage(createReadStream(file));
  const problem = problemHere(manifest, version);
  if (problem !== '') throw new AppError('conflict', problem);
  const folder = versionFolder(dataDir, manifest.version);
  const fresh = join(versionsFolder(dataDir), `.${manifest.version}.new`);
  rmSync(fresh, { recursive: true, force: true });
  try {
    for await (const { file: entry, content } of files)
      lay(join(fresh, entry.path), content, entry.executable);
    // Of a try before: what stands there may be damaged, and nothing runs it.
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } catch (thrown) {
    rmSync(fresh, { recursive: true, force: true });
    throw thrown;
  }
  return { version: manifest.version, file: realpathSync(join(folder, manifest.program)) };
}

/** Why it can't be tried on this machine; empty: it can. */
export function problemHere(
  manifest: PackageManifest,
  asked: string,
  machine: { os: string; arch: string; node: string } = {
    os: process.platform,
    arch: process.arch,
    node: process.versions.node,
  },
): string {
  if (manifest.version !== asked) return `the package holds version ${manifest.version}, not ${asked}`;
  if (manifest.os !== machine.os || manifest.arch !== machine.arch)
    return `the package is for ${manifest.os} ${manifest.arch}; this machine is ${machine.os} ${machine.arch}`;
  if (isOlder(machine.node, manifest.minNode))
    return `version ${manifest.version} needs Node ${manifest.minNode}; here is ${machine.node}`;
  if (manifest.dataFormat < DATA_FORMAT.readsFrom || manifest.dataFormat > DATA_FORMAT.readsTo)
    return `version ${manifest.version} writes the data directory in format ${manifest.dataFormat}, which this version can't read: there would be no way back`;
  return '';
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < 3; i += 1) if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  return false;
}

function lay(path: string, content: Buffer, executable: boolean): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, 'wx', executable ? 0o700 : 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
