/** The command by which this agent makes itself another version: it runs as a script, in its own host. */
import { ownProgram } from './become.ts';

export function upgradeCommand(
  dataDir: string,
  { version, file }: { version: string; file: string },
): string {
  const program = [process.execPath, ...process.execArgv, ownProgram().file];
  const args = ['upgrade', '--data-dir', dataDir, '--to', version, '--package', file];
  return `exec ${[...program, ...args].map(quoted).join(' ')}\n`;
}

/** As one word of a POSIX shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
