/**
 * Node's own way to start a process, where the addon is not built. It costs
 * about twice as much, grows with the host's memory, and enters cgroups only
 * after the start, so that a child of the first instant may escape them.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import type { Start } from './start.ts';

/**
 * Why a shell: Node can't write to cgroup.procs between fork and exec. It
 * does so before it becomes the script's interpreter, with the same pid.
 */
const ENTER =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 127; shift; n=$((n-1)); done; exec "$@"';

export const startByNode: Start = (request, handler) =>
  new Promise((resolve, reject) => {
    const files = [
      ...(request.unifiedCgroup === '' ? [] : [join(request.unifiedCgroup, 'cgroup.procs')]),
      ...request.cgroupFiles,
    ];
    // As another user the shell could not write there: then the host does, at once after the start.
    const argv =
      files.length === 0 || request.user !== null
        ? request.argv
        : ['/bin/sh', '-c', ENTER, 'sh', String(files.length), ...files, ...request.argv];
    const child = spawn(argv[0] ?? '', argv.slice(1), {
      env: { ...request.env },
      cwd: request.cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(request.user === null ? {} : { uid: request.user.uid, gid: request.user.gid }),
    });
    const streams: Readable[] = [];
    for (const [name, stream] of [
      ['stdout', child.stdout],
      ['stderr', child.stderr],
    ] as const) {
      streams.push(stream);
      stream.on('data', (bytes: Buffer) => {
        if (!handler.output(name, bytes)) for (const each of streams) each.pause();
      });
      stream.once('close', () => handler.end(name));
      stream.on('error', () => stream.destroy());
    }
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      handler.exit(code ?? -1, signal === null ? 0 : constants.signals[signal]),
    );
    child.once('spawn', () => {
      if (request.user !== null) for (const file of files) enter(file, child.pid);
      resolve({
        pid: child.pid ?? 0,
        resume: () => {
          for (const stream of streams) stream.resume();
        },
        close: () => {
          for (const stream of streams) stream.destroy();
        },
      });
    });
  });

function enter(file: string, pid: number | undefined): void {
  try {
    writeFileSync(file, String(pid));
  } catch {
    // It has ended already.
  }
}
