/** AppErrors over gRPC: one table, read both ways. The text is ours, so it may be shown; anything else is `bug` without details. */
import { status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { AppError, toError, type ErrorCode } from '@longshore/base';

const STATUS: Readonly<Record<ErrorCode, status>> = {
  invalid: status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  notFound: status.NOT_FOUND,
  conflict: status.ALREADY_EXISTS,
  gone: status.FAILED_PRECONDITION,
  tooLarge: status.OUT_OF_RANGE,
  tooMany: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  // Read back as `unavailable`: to the caller it is the same.
  noSpace: status.UNAVAILABLE,
  timedOut: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  corrupt: status.DATA_LOSS,
  bug: status.INTERNAL,
};

/** What a handler answers for what was thrown. */
export function toStatus(thrown: unknown): Pick<StatusObject, 'code' | 'details'> {
  if (thrown instanceof AppError) return { code: STATUS[thrown.code], details: thrown.message };
  return { code: status.INTERNAL, details: 'an error that must not happen; the log says more' };
}

/** What a call's failure means to the caller. */
export function fromStatus(thrown: unknown, doing: string): AppError {
  const error = toError(thrown);
  const code = isServiceError(error) ? codeOf(error.code) : 'bug';
  const details = isServiceError(error) ? error.details : error.message;
  return new AppError(code, `${doing}: ${details}`, { cause: error });
}

function codeOf(wire: status): ErrorCode {
  const [code] = Object.entries(STATUS).find(([, value]) => value === wire) ?? [];
  if (wire === status.UNIMPLEMENTED) return 'gone';
  return (code as ErrorCode | undefined) ?? 'unavailable';
}

function isServiceError(error: Error): error is ServiceError {
  return 'code' in error && typeof error.code === 'number' && 'details' in error;
}
