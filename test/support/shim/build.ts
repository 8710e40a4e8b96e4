/** Compiles the fault shim once for each text of its source, into a folder that git ignores. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = join(import.meta.dirname, 'fault-shim.c');
const FOLDER = join(import.meta.dirname, 'build');

/** Whether this machine can build it: a test that needs it says loudly why it does not run. */
export const SHIM_MISSING: string | undefined =
  process.platform !== 'linux'
    ? 'the fault shim is for Linux'
    : spawnSync('cc', ['--version']).status !== 0
      ? 'the fault shim needs a C compiler (cc)'
      : undefined;

/** @returns the library's path */
export function buildShim(): string {
  if (SHIM_MISSING !== undefined) throw new Error(SHIM_MISSING);
  const hash = createHash('sha256').update(readFileSync(SOURCE)).digest('hex').slice(0, 16);
  const library = join(FOLDER, `fault-shim-${hash}.so`);
  if (existsSync(library)) return library;
  mkdirSync(FOLDER, { recursive: true });
  // Test files run side by side: each compiles into a name of its own.
  const made = `${library}.${process.pid}`;
  const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-fvisibility=hidden'];
  const { status, stderr } = spawnSync('cc', [...flags, '-o', made, SOURCE, '-ldl'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc could not build the fault shim:\n${stderr}`);
  renameSync(made, library);
  return library;
}
