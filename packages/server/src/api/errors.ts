/** The one table from an error's code to a status of HTTP, and the body that tells it. */
import { AppError, toError, type ErrorCode, type Logger } from '@longshore/base';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  gone: 410,
  tooLarge: 413,
  tooMany: 429,
  unavailable: 503,
  noSpace: 507,
  timedOut: 504,
  cancelled: 503,
  corrupt: 500,
  bug: 500,
};

/** Fastify's own refusals, as ours. */
const FASTIFY: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'tooLarge', message: 'The body of the request is too large' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'invalid',
    message: 'The body must be JSON: send Content-Type: application/json',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid', message: 'The body is empty; expected JSON' },
  FST_ERR_CTP_INVALID_JSON_BODY: {
    code: 'invalid',
    message: 'The body is not JSON, or has a field named `__proto__`, which there is nowhere',
  },
};

export function statusOf(error: AppError): number {
  return STATUS[error.code];
}

export function errorBody(error: AppError): object {
  return {
    error: { code: error.code, message: error.message, fields: error.fields, detail: error.detail },
  };
}

/** What went wrong as an AppError; what is not meant for the caller is told to the log alone. */
export function toAppError(thrown: unknown): { error: AppError; unexpected: boolean } {
  if (thrown instanceof AppError)
    return { error: thrown, unexpected: thrown.code === 'bug' || thrown.code === 'corrupt' };
  const cause = toError(thrown) as Partial<FastifyError>;
  const known = FASTIFY[cause.code ?? ''];
  if (known !== undefined) return { error: new AppError(known.code, known.message), unexpected: false };
  // A parser's own words repeat what it was given.
  if (thrown instanceof SyntaxError)
    return { error: new AppError('invalid', 'The body is not JSON'), unexpected: false };
  if (cause.statusCode !== undefined && cause.statusCode >= 400 && cause.statusCode < 500) {
    return { error: new AppError('invalid', 'The request can not be read'), unexpected: false };
  }
  return {
    error: new AppError('bug', 'The server failed; its log says how', { cause: thrown }),
    unexpected: true,
  };
}

export function answerErrors(logger: Logger) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { error, unexpected } = toAppError(thrown);
    if (unexpected)
      logger.error('a request failed', {
        method: request.method,
        route: request.routeOptions.url,
        error: toError(thrown),
      });
    // A download that fails before its first byte has said already what it would be.
    for (const header of ['content-length', 'content-disposition']) reply.removeHeader(header);
    // Who still sends must not be cut off before it has read this. REQUEST_TIMEOUT_MS bounds what it sends, or less.
    if (!request.raw.complete && reply.getHeader('connection') === 'close') reply.removeHeader('connection');
    void reply.code(statusOf(error)).type('application/json; charset=utf-8').send(errorBody(error));
  };
}
