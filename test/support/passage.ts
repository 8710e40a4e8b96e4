/**
 * A way for another account to the programs of this checkout, which may lie
 * below a folder that this account can't enter (root's home, say): then they
 * are started in a mount namespace in which the checkout is bound elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;

export interface Passage {
  /** Comes before the program, and its end is that of the program. */
  command: string[];
  /** The checkout and this Node, as the program sees them. */
  root: string;
  node: string;
}

export const DIRECT: Passage = { command: [], root: ROOT, node: process.execPath };

/**
 * @param folder empty, entered by the account; the checkout is bound there if need be
 * @returns undefined where this machine allows no mount namespace
 */
export function passageFor(account: { uid: number; gid: number }, folder: string): Passage | undefined {
  const entered = spawnSync('/bin/sh', ['-c', 'test -x "$0" && test -r "$1"', process.execPath, ROOT], {
    ...account,
    cwd: '/',
  });
  if (entered.status === 0) return DIRECT;
  const command = [
    ...['unshare', '--mount', '--propagation', 'private'],
    ...['/bin/sh', '-c', 'mount --bind "$0" "$1" && shift && exec "$@"', ROOT, folder],
  ];
  const [program = '', ...args] = command;
  if (spawnSync(program, [...args, 'true'], { cwd: '/' }).status !== 0) return undefined;
  const fromRoot = relative(ROOT, process.execPath);
  const node = fromRoot.startsWith('..') ? process.execPath : join(folder, fromRoot);
  return { command, root: folder, node };
}
