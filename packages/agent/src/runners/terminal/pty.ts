/**
 * node-pty's native part, without its JavaScript, which loses the end of what a
 * short command writes: it lets go of the slave side too early.
 */
import { createRequire } from 'node:module';

import { AppError } from '@longshore/base';

export interface Pty {
  /** Forks with a terminal of its own; `fd` is the master side, non-blocking. */
  fork(
    file: string,
    args: readonly string[],
    env: readonly string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    unusedOnLinux: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, columns: number, rows: number): void;
}

/** @throws AppError `unavailable` where it is not built for this machine */
export function loadPty(): Pty {
  // Not bundled, and found where the package is installed.
  const require = createRequire(import.meta.url);
  try {
    const { loadNativeModule } = require('node-pty/lib/utils.js') as {
      loadNativeModule: (name: string) => { module: Pty };
    };
    return loadNativeModule('pty').module;
  } catch (cause) {
    throw new AppError(
      'unavailable',
      'loading node-pty, which terminals need: it is not built for this machine',
      { cause },
    );
  }
}
