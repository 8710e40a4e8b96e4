/** The `longshore` command: a client of the REST API and nothing more. */
import { AppError, toError } from '@longshore/base';
import { CommanderError } from 'commander';

import { createProgram, nounsIn } from './commands/program.ts';
import { EXIT, exitCodeOfError } from './exit-codes.ts';
import { flush } from './write.ts';

// A reader that has seen enough (`longshore … | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
    throw error;
  });
}

// While it waits to connect again there is nothing but a timer, and the clock's timers hold no process open.
setInterval(() => undefined, 60_000);

try {
  const program = await createProgram({ nouns: nounsIn(process.argv.slice(2)) });
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown);
}
await Promise.all([flush(process.stdout), flush(process.stderr)]);
// Kept-alive connections would hold the process open for seconds.
process.exit();

/** Says what went wrong, on standard error. @returns the exit code */
function report(thrown: unknown): number {
  // Commander has said it already: help that was asked for, or wrong usage.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const error = toError(thrown);
  process.stderr.write(`longshore: ${error.message}\n`);
  if (!(error instanceof AppError)) {
    process.stderr.write(`${error.stack ?? ''}\n`);
    return EXIT.failed;
  }
  for (const { field, value, expected } of error.fields) {
    if (!error.message.includes(expected))
      process.stderr.write(
        `  ${field}${value === undefined ? '' : ` (${JSON.stringify(value)})`}: expected ${expected}\n`,
      );
  }
  for (const [name, fact] of Object.entries(error.detail))
    process.stderr.write(`  ${name}: ${typeof fact === 'string' ? fact : JSON.stringify(fact)}\n`);
  return exitCodeOfError(error.code);
}
