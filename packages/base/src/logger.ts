/**
 * Logging: a constant message and fields; child loggers carry ids. Secrets
 * are never given to a logger. The winston sink is in `winston-logger.ts`, so
 * that the script host, which must stay small, need not load it.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export type LogFields = Record<string, unknown>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose every line carries `fields` too. */
  child(fields: LogFields): Logger;
}

/** Where lines go; `fields` includes those of the logger's parents. */
export type LogSink = (level: LogLevel, message: string, fields: LogFields) => void;

export function createLogger(sink: LogSink, fields: LogFields = {}): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}): void =>
      sink(level, message, { ...fields, ...more });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createLogger(sink, { ...fields, ...more }),
  };
}

export const silentLogger: Logger = createLogger(() => undefined);

/** One JSON line an entry, through `write`; for processes that must stay small. */
export function jsonSink(write: (line: string) => void, lowest: LogLevel = 'info'): LogSink {
  return (level, message, fields) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(lowest)) return;
    write(JSON.stringify({ time: new Date().toISOString(), level, message, ...plain(fields) }) + '\n');
  };
}

/** Errors as name, message, stack and causes, since JSON shows them as {}. */
export function plain(fields: LogFields): LogFields {
  const shown: LogFields = {};
  for (const [key, value] of Object.entries(fields))
    shown[key] = value instanceof Error ? plainError(value) : value;
  return shown;
}

function plainError(error: Error): LogFields {
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: plainError(error.cause) } : {}),
  };
}
