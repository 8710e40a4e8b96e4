/** The host's own log: JSON lines, one older file kept. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { createLogger, jsonSink, type Logger } from '@longshore/base';

import { HOST_LOG_LIMIT_BYTES } from '../limits.ts';

export function openHostLog(file: string, fields: Record<string, unknown>): Logger {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const write = (line: string): void => {
    try {
      if (size > HOST_LOG_LIMIT_BYTES) {
        renameSync(file, `${file}.1`);
        size = 0;
      }
      appendFileSync(file, line, { mode: 0o600 });
      size += line.length;
    } catch {
      // A full disk must not end the host.
    }
  };
  return createLogger(jsonSink(write), fields);
}
