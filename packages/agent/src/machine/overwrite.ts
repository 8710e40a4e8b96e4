import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

import { isErrno } from '@longshore/base';

/**
 * Writes a file whether it exists or not, keeping its inode and, of one that
 * exists, its mode. It is cut to length after the write and never to nothing:
 * a file that was cut to nothing and written anew is one that ext4 starts to
 * write out when it is closed, which costs more than all the rest.
 */
export function overwrite(file: string, content: string | Uint8Array, mode: number): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const { fd, there } = openOrMake(file, mode);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
    if (there) ftruncateSync(fd, bytes.length);
  } finally {
    closeSync(fd);
  }
}

function openOrMake(file: string, mode: number): { fd: number; there: boolean } {
  try {
    return { fd: openSync(file, 'r+'), there: true };
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    return { fd: openSync(file, 'wx', mode), there: false };
  }
}
