import winston from 'winston';

import { createLogger, plain, type LogFields, type Logger, type LogLevel } from './logger.ts';

export interface WinstonOptions {
  level: LogLevel;
  /** `json` for machines, `text` for a person at a terminal. */
  format: 'json' | 'text';
  /** A file to append to; else standard error. */
  file?: string;
  fields?: LogFields;
}

/** A logger on winston: JSON lines, or coloured text, to a file or standard error. */
export function createWinstonLogger(options: WinstonOptions): Logger {
  const { combine, json, printf } = winston.format;
  const time = winston.format((info) => ({ ...info, time: new Date().toISOString() }));
  const text = printf(({ level, message, time: at, ...rest }) => {
    const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
    return `${String(at)} ${level.padEnd(5)} ${String(message)}${fields}`;
  });
  const log = winston.createLogger({
    level: options.level,
    format: combine(time(), options.format === 'json' ? json() : text),
    transports: [
      options.file === undefined
        ? new winston.transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })
        : new winston.transports.File({ filename: options.file }),
    ],
  });
  return createLogger((level, message, fields) => log.log(level, message, plain(fields)), options.fields);
}
