/**
 * The spawn addon (native/spawn.c), where it is built. One for the process:
 * it reads into one shared buffer and calls back by the id of a start.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type { Started, StartHandler, StartRequest } from './start.ts';

/** What spawn.c exports; lists are strings whose items each end with NUL. */
interface SpawnAddon {
  configure(
    buffer: Uint8Array,
    onOutput: (id: number, stream: number, length: number) => boolean,
    onExit: (id: number, code: number, signal: number) => void,
  ): void;
  start(
    id: number,
    argv: string,
    env: string,
    cwd: string,
    unifiedCgroup: string,
    cgroupFiles: string,
    uid: number,
    groups: Uint32Array,
  ): number;
  resume(id: number): void;
  close(id: number): void;
  subreaper(): boolean;
  reap(pid: number): boolean;
  closeOnExec(fd: number): void;
  rest(): void;
}

const READ_BYTES = 64 * 1024;
const FILE = join('native', 'build', 'Release', 'spawn.node');

export interface NativeSpawn {
  start(request: StartRequest, handler: StartHandler): Started;
  /** Orphans below this process come to it instead of init; false where the system refuses. */
  becomeSubreaper(): boolean;
  /** Takes the end of a dead child that came to us as an orphan. */
  reap(pid: number): boolean;
  /** For files that a library opened without it. */
  closeOnExec(fd: number): void;
  /** Gives memory back that only the start, or a busy time, needed. */
  rest(): void;
}

/** Null where the addon is not built: then Node's own way serves. */
export function loadNativeSpawn(): NativeSpawn | null {
  const addon = loadAddon();
  return addon === null ? null : bind(addon);
}

/** For a process that starts no scripts: only `rest`, which does nothing where the addon is not built. */
export function loadRest(): () => void {
  const addon = loadAddon();
  return () => addon?.rest();
}

/** Whether the addon is here, built for whatever system. */
export function hasNativeSpawn(): boolean {
  return findAddon(import.meta.dirname) !== null;
}

function loadAddon(): SpawnAddon | null {
  const file = findAddon(import.meta.dirname);
  if (file === null) return null;
  try {
    return createRequire(import.meta.url)(file) as SpawnAddon;
  } catch {
    return null; // built for another system
  }
}

function bind(addon: SpawnAddon): NativeSpawn {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const handlers = new Map<number, StartHandler>();
  let last = 0;
  addon.configure(
    buffer,
    (id, stream, length) => {
      const handler = handlers.get(id);
      if (handler === undefined) return true;
      const name = stream === 1 ? 'stdout' : 'stderr';
      if (length > 0)
        return handler.output(name, length === READ_BYTES ? buffer : buffer.subarray(0, length));
      handler.end(name);
      return true;
    },
    (id, code, signal) => handlers.get(id)?.exit(code, signal),
  );
  return {
    start(request, handler) {
      const id = (last = (last + 1) >>> 0);
      const { user } = request;
      handlers.set(id, handler);
      try {
        const pid = addon.start(
          id,
          list(request.argv),
          list(Object.entries(request.env).map(([name, value]) => `${name}=${value}`)),
          request.cwd,
          request.unifiedCgroup,
          list(request.cgroupFiles),
          user === null ? -1 : user.uid,
          user === null ? new Uint32Array(0) : Uint32Array.from([user.gid, ...user.groups]),
        );
        return {
          pid,
          resume: () => addon.resume(id),
          close: () => {
            addon.close(id);
            handlers.delete(id);
          },
        };
      } catch (error) {
        handlers.delete(id);
        throw error;
      }
    },
    becomeSubreaper: () => addon.subreaper(),
    reap: (pid) => addon.reap(pid),
    closeOnExec: (fd) => addon.closeOnExec(fd),
    rest: () => addon.rest(),
  };
}

/** Items each ended by NUL; what holds a NUL itself was refused before. */
function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `${items.join('\0')}\0`;
}

/** The package's native folder, from the sources or from the bundle. */
function findAddon(from: string): string | null {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, FILE);
    if (existsSync(file)) return file;
    if (existsSync(join(folder, 'package.json'))) return null;
  }
  return null;
}
