export { Abort, aborted, raceAbort } from './abort.ts';
export { Backoff, type BackoffLimits } from './backoff.ts';
export { Channel } from './channel.ts';
export { keepClockSteps, sleep, systemClock, type Cancel, type Clock } from './clock.ts';
export { A_DURATION, formatDuration, parseDuration } from './duration.ts';
export {
  AppError,
  assertNever,
  ERROR_CODES,
  invalid,
  isCode,
  isDiskFull,
  isErrno,
  notFound,
  toError,
  withoutSecrets,
  type ErrorCode,
  type FieldProblem,
} from './errors.ts';
export { createIds, isId, type Ids } from './ids.ts';
export {
  createLogger,
  jsonSink,
  LOG_LEVELS,
  plain,
  silentLogger,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogSink,
} from './logger.ts';
export { ManualClock } from './manual-clock.ts';
export { Mutex } from './mutex.ts';
export { collectBehind, collectGarbage, restWhenQuiet, type QuietOptions } from './quiet.ts';
export { Scope } from './scope.ts';
export { formatSize, parseSize } from './size.ts';
export { version } from './version.ts';
