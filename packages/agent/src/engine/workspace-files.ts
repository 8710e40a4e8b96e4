/**
 * The link's part of a workspace: made before an attempt is handed to the
 * host, read again at each start, removed after its release.
 *
 * Always true: `state.json` is the last thing written before the handing, so a
 * workspace without it was never handed; nothing sensitive is written here.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isErrno, isId } from '@longshore/base';
import type { ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { scriptFile, type WorkspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { REMOVE_INLINE_BYTES, RESERVE_BYTES } from '../limits.ts';
import { overwrite, type WorkspacePool } from './workspace-pool.ts';

const RESERVE = Buffer.alloc(RESERVE_BYTES);

/** @throws the system's error (ENOSPC, EACCES): nothing was handed, the caller removes what is there */
export function createWorkspace(
  paths: WorkspacePaths,
  pool: WorkspacePool,
  { spec, state }: { spec: ScriptSpec; state: WorkspaceState },
): void {
  const used = pool.take(paths.root);
  if (!used) {
    mkdirSync(paths.root, { mode: 0o700 });
    mkdirSync(paths.work, { mode: 0o700 });
  }
  overwrite(paths.spec, JSON.stringify(withoutSecrets(spec)), 0o600);
  overwrite(scriptFile(paths.work, spec.interpreter), spec.body, 0o700);
  for (const file of spec.files)
    overwrite(join(paths.work, file.name), file.content, file.executable ? 0o700 : 0o600);
  if (!used || !existsSync(paths.reserve)) overwrite(paths.reserve, RESERVE, 0o600);
  overwrite(paths.state, JSON.stringify(state), 0o600);
}

export function writeState(paths: WorkspacePaths, state: WorkspaceState): void {
  writeFileSync(`${paths.state}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${paths.state}.new`, paths.state);
}

/** @returns undefined when the attempt was never handed to a host */
export function readState(paths: WorkspacePaths): WorkspaceState | undefined {
  try {
    return JSON.parse(readFileSync(paths.state, 'utf8')) as WorkspaceState;
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Removes a workspace; a large one off the main thread. */
export function removeWorkspace(paths: WorkspacePaths, outputLength: number): void {
  if (outputLength <= REMOVE_INLINE_BYTES)
    rmSync(paths.root, { recursive: true, force: true, maxRetries: 2 });
  else void rm(paths.root, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
}

export function attemptsFolder(dataDir: string): string {
  return join(dataDir, 'attempts');
}

/** Ids of all workspaces. */
export function listWorkspaces(dataDir: string): string[] {
  mkdirSync(attemptsFolder(dataDir), { recursive: true, mode: 0o700 });
  return readdirSync(attemptsFolder(dataDir)).filter((name) => isId(name));
}

/**
 * What is wrong with a spec before it touches the disk; empty: nothing.
 * Names of files become paths, so they must be one segment each.
 */
export function specProblem(spec: ScriptSpec | undefined): string {
  if (spec === undefined) return 'the Start has no script';
  if (spec.interpreter === 0) return 'the Start names no interpreter';
  for (const { name } of spec.files) {
    if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name) || name.length > 255) {
      return `the file name ${JSON.stringify(name)} is not one path segment`;
    }
    if (join('work', name) === scriptFile('work', spec.interpreter))
      return `the file name ${name} is the script's own`;
  }
  return '';
}

/** Body and files stand beside it; a sensitive value stands nowhere on disk. */
function withoutSecrets(spec: ScriptSpec): unknown {
  return {
    ...spec,
    body: undefined,
    variables: spec.variables.map((v) => (v.sensitive ? { ...v, value: '' } : v)),
    files: spec.files.map(({ name, executable }) => ({ name, executable })),
  };
}
