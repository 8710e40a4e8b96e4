/** The command by which this agent makes itself another version: it runs as a script, in its own host. */
import type { UpgradeCommand } from '../engine/commands.ts';
import { ownProgram } from './become.ts';

export function upgradeCommand(
  dataDir: string,
  { version, file, confirmWithinMs }: Parameters<UpgradeCommand>[0],
): string {
  const program = [process.execPath, ...process.execArgv, ownProgram().file];
  const within = confirmWithinMs === 0 ? [] : ['--confirm-within-ms', String(confirmWithinMs)];
  const args = ['upgrade', '--data-dir', dataDir, '--to', version, '--package', file, ...within];
  return `exec ${[...program, ...args].map(quoted).join(' ')}\n`;
}

/** As one word of a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
