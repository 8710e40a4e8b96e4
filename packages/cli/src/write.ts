/** Raw bytes to a stream of this process, waiting while its reader is slow. A reader that went away is no error. */
import type { Writable } from 'node:stream';

export async function write(to: Writable, bytes: Uint8Array | string): Promise<void> {
  if (to.destroyed || to.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    to.once('drain', done).once('close', done).once('error', done);
  });
}

/** Resolves when all that was written has left this process. */
export async function flush(to: Writable): Promise<void> {
  if (to.destroyed || to.writableLength === 0) return;
  await new Promise<void>((resolve) => to.write('', () => resolve()));
}
