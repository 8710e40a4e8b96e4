/**
 * The link's part of a workspace: made before an attempt is handed to the
 * host, read again at each start, removed after its release.
 *
 * Always true: a workspace appears whole, before the handing; one without a
 * `state.json` that can be read was never handed; nothing sensitive is written here.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError, isCode, isDiskFull, isErrno, isId } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';
import type { ScriptSpec } from '@longshore/protocol/gen/longshore/link/v1/attempt';

import { scriptFile, workspaceAt, type WorkspacePaths, type WorkspaceState } from '../contract/workspace.ts';
import { REMOVE_INLINE_BYTES, RESERVE_BYTES } from '../limits.ts';
import { overwrite } from '../machine/overwrite.ts';
import type { Spare, WorkspacePool } from './workspace-pool.ts';

/** What file systems take. */
const LONGEST_FILE_NAME_BYTES = 255;

const RESERVE = Buffer.alloc(RESERVE_BYTES);

/**
 * Lays a workspace and puts it in its place, whole.
 *
 * @throws the system's error (ENOSPC, EACCES): nothing was handed, and nothing is there
 */
export function createWorkspace(
  paths: WorkspacePaths,
  pool: WorkspacePool,
  { spec, state }: { spec: ScriptSpec; state: WorkspaceState },
): void {
  const spare = pool.take();
  try {
    lay(spare, spec, state);
    renameSync(spare.root, paths.root);
  } catch (thrown) {
    pool.discard(spare.root);
    throw thrown;
  }
}

function lay({ root, script }: Spare, spec: ScriptSpec, state: WorkspaceState): void {
  const paths = workspaceAt(root);
  const file = scriptFile(paths.work, spec.interpreter);
  if (script === undefined) overwrite(paths.reserve, RESERVE, 0o600);
  else if (join(paths.work, script) !== file) renameSync(join(paths.work, script), file);
  overwrite(file, spec.body, 0o700);
  for (const { name, content, executable } of spec.files)
    overwrite(join(paths.work, name), content, executable ? 0o700 : 0o600);
  overwrite(paths.spec, JSON.stringify(withoutSecrets(spec)), 0o600);
  overwrite(paths.state, JSON.stringify(state), 0o600);
}

export function writeState(paths: WorkspacePaths, state: WorkspaceState): void {
  const text = JSON.stringify(state);
  const temp = `${paths.state}.new`;
  try {
    writeFileSync(temp, text, { mode: 0o600 });
    renameSync(temp, paths.state);
  } catch (thrown) {
    rmSync(temp, { force: true });
    if (!isDiskFull(thrown)) throw thrown;
    overwriteWhole(paths.state, text);
  }
}

/** In the room that the file has: one write, never shorter than what stands there (spaces mean nothing to JSON). */
function overwriteWhole(file: string, text: string): void {
  const fd = openSync(file, 'r+');
  try {
    const bytes = Buffer.from(text.padEnd(fstatSync(fd).size));
    const written = writeSync(fd, bytes, 0, bytes.length, 0);
    if (written < bytes.length) throw new AppError('noSpace', `${file} was written up to byte ${written}`);
  } finally {
    closeSync(fd);
  }
}

const STATE: Shape<WorkspaceState> = shape.fields({
  attemptId: shape.such('an id', isId),
  taskId: shape.text,
  fence: shape.fields({ generation: shape.count, n: shape.count }),
  handedTo: shape.text,
  bootId: shape.text,
  ackedOffset: shape.count,
  ackedEvent: shape.count,
  cancelRequested: shape.flag,
});

/** @returns undefined when the attempt was never handed to a host */
export function readState(paths: WorkspacePaths): WorkspaceState | undefined {
  try {
    return readJson(readFileSync(paths.state, 'utf8'), STATE, paths.state);
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isCode(error, 'corrupt')) return undefined;
    throw error;
  }
}

/** Whether a host has written something of it: output, an event, an artifact. */
export function wasBegun({ spool, events, artifacts }: WorkspacePaths): boolean {
  if (existsSync(events) || existsSync(artifacts)) return true;
  try {
    return readdirSync(spool).length > 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
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
    if (
      name === '' ||
      name === '.' ||
      name === '..' ||
      /[/\\\0]/.test(name) ||
      Buffer.byteLength(name) > LONGEST_FILE_NAME_BYTES
    ) {
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
