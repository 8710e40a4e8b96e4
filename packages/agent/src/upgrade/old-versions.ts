/** Removes versions of the agent that nothing needs any more: all but the one that runs, the one before it, and those with a living host. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { readHostRecords } from '../contract/host-record.ts';
import { readCurrent, versionsFolder } from '../contract/versions.ts';

/** @returns those that were removed */
export function removeOldVersions(dataDir: string): string[] {
  const current = readCurrent(dataDir);
  if (current === undefined) return [];
  const needed = new Set([
    current.run.version,
    current.previous.version,
    ...readHostRecords(dataDir).map(({ version }) => version),
  ]);
  const removed: string[] = [];
  for (const entry of readdirSync(versionsFolder(dataDir), { withFileTypes: true })) {
    if (!entry.isDirectory() || needed.has(entry.name)) continue;
    rmSync(join(versionsFolder(dataDir), entry.name), { recursive: true, force: true });
    removed.push(entry.name);
  }
  rmSync(join(dataDir, 'packages'), { recursive: true, force: true });
  return removed;
}
