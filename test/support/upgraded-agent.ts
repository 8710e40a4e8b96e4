/** The link of an agent, whoever started it: after a rollback the guard may have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isAlive } from './proc.ts';
import { until } from './until.ts';

export function linkOf(dataDir: string): { pid: number; version: string } {
  const link = JSON.parse(readFileSync(join(dataDir, 'link.json'), 'utf8')) as {
    version: string;
    process: { pid: number };
  };
  return { pid: link.process.pid, version: link.version };
}

export async function endLink(dataDir: string): Promise<void> {
  const { pid } = linkOf(dataDir);
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  await until('the link has ended', () => !isAlive(pid));
}
