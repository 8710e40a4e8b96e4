/** `longshore-server`: reads its options, runs a node until it is told to stop, or works on its data (`backup`, `restore`, `rotate-master-key`). */
import { startIsOver } from './small-start.ts';

import { AppError, collectGarbage, restWhenQuiet, systemClock, toError, type Logger } from '@longshore/base';
import { helpText, resolveOptions } from '@longshore/base/options';
import { createWinstonLogger } from '@longshore/base/winston-logger';
import { version } from '@longshore/base/version';

import { ENV_PREFIX, HELP, OPTIONS, type ServerConfig } from './config.ts';
import { FIRST_REST_AFTER_MS, QUIET_BEAT_MS, QUIET_SHARE, REST_AFTER_MS, STOP_LONGEST_MS } from './limits.ts';

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--version')) {
    console.log(`longshore-server ${version}`);
    return;
  }
  const { values, positionals, help } = await resolveOptions(OPTIONS, {
    program: 'longshore-server',
    envPrefix: ENV_PREFIX,
    argv,
    env: process.env,
  });
  const [command = 'run', ...rest] = positionals;
  if (help || command === 'help') process.stdout.write(helpText(OPTIONS, HELP));
  else if (command === 'run' && rest.length === 0) await run(values);
  else if (command === 'backup' && rest.length === 1)
    await (await import('./backup.ts')).backup(values, rest[0] ?? '');
  else if (command === 'restore' && rest.length <= 1)
    await (await import('./backup.ts')).restore(values, rest[0]);
  else if (command === 'rotate-master-key' && rest.length === 0)
    await (
      await import('./master-key.ts')
    ).rotateMasterKey(values, {
      say: (text) => process.stdout.write(text),
    });
  else
    throw new AppError(
      'invalid',
      `"${positionals.join(' ')}" is no command: run, backup DIR, restore DIR or rotate-master-key; see longshore-server --help`,
    );
}

async function run(config: ServerConfig): Promise<void> {
  // What this server writes is its own; the built-in worker's user passes through the data directory.
  process.umask(0o077);
  const logger = createWinstonLogger({ level: config.logLevel, format: config.logFormat });
  const fatal = (error: Error): void => {
    // Without the logger: what it holds back would be lost.
    process.stderr.write(
      `${JSON.stringify({ level: 'error', message: 'the disk failed: nothing more can be made durable', error: error.message })}\n`,
    );
    process.exit(1);
  };
  const { startServer } = await import('./server.ts');
  const showKey = (key: string): void => {
    process.stdout.write(`\nAPI key of the administrator (shown this once): ${key}\n\n`);
  };
  const server = await startServer({ config, logger, fatal, showKey });
  startIsOver();
  restWhenQuiet({
    clock: systemClock,
    beatMs: QUIET_BEAT_MS,
    quietShare: QUIET_SHARE,
    firstAfterMs: FIRST_REST_AFTER_MS,
    afterMs: REST_AFTER_MS,
    rest: collectGarbage,
  });
  stopOnSignals(server, logger);
}

function stopOnSignals(server: { stop(): Promise<void> }, logger: Logger): void {
  let asked = false;
  const stop = (signal: string): void => {
    if (asked) {
      logger.warn('asked twice: stopping at once', { signal });
      process.exit(1);
    }
    asked = true;
    setTimeout(() => {
      logger.error('the stop took too long and was cut short');
      process.exit(1);
    }, STOP_LONGEST_MS).unref();
    server.stop().then(
      () => process.exit(0),
      (thrown: unknown) => {
        logger.error('the stop went wrong', { error: toError(thrown) });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

process.on('unhandledRejection', (thrown) => {
  // A server in an unknown state must not go on; its tasks are taken up by its next start.
  process.stderr.write(
    `${JSON.stringify({ level: 'error', message: 'unhandled rejection', error: toError(thrown).stack })}\n`,
  );
  process.exit(1);
});

main().catch((thrown: unknown) => {
  const error = toError(thrown);
  process.stderr.write(
    `longshore-server: ${error instanceof AppError ? error.message : (error.stack ?? error.message)}\n`,
  );
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    process.stderr.write(`  because: ${cause.message}\n`);
  process.exit(1);
});
