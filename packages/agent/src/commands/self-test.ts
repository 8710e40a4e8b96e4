/**
 * `self-test`: whether this version of the agent works on this machine, with
 * this data directory, without touching what runs. The version before it runs
 * this, before it gives way.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Values } from '../config.ts';
import { versionsFolder } from '../contract/versions.ts';
import { AGENT_VERSION } from '../contract/version.ts';
import { loadEverything } from '../upgrade/code-check.ts';
import { readDataDirectory } from '../upgrade/data-check.ts';
import { runOneScript } from '../upgrade/script-check.ts';

/** @throws AppError that says what does not work */
export async function selfTest(values: Values<'selfTest'>): Promise<number> {
  process.umask(0o077);
  const dataDir = resolve(values.dataDir);
  const say = (line: string): void => void process.stdout.write(`  ${line}\n`);
  say(`version ${AGENT_VERSION} on Node ${process.versions.node}`);
  say(`loads: ${await loadEverything()} parts`);
  const { attempts, hosts } = readDataDirectory(dataDir);
  say(`reads ${dataDir}: ${attempts} attempts, ${hosts} script hosts`);
  mkdirSync(versionsFolder(dataDir), { recursive: true, mode: 0o700 });
  const scratch = mkdtempSync(join(versionsFolder(dataDir), '.self-test-'));
  try {
    await runOneScript(scratch);
    say('ran a script in a host of its own');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return 0;
}
