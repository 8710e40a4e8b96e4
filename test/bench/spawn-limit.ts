/**
 * The machine's own limit: the same script spawned directly from a small Node
 * process, its two pipes read to the end. Runs as a process of its own, since
 * Node's spawn grows with the memory of the process that calls it; speaks
 * JSON lines: a request {count, width} in, {each, seconds} out.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { timeAll, timeEach } from './stats.ts';

const script = process.argv[2] ?? '';

function spawnOnce(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [script], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the script ended with ${String(code)}`));
    });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { count, width } = JSON.parse(line) as { count: number; width: number };
  const answer =
    width === 0
      ? { each: await timeEach(count, spawnOnce), seconds: 0 }
      : { each: [], seconds: await timeAll(count, width, spawnOnce) };
  process.stdout.write(JSON.stringify(answer) + '\n');
}
