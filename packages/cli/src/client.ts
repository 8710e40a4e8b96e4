/** The REST API's typed client: adds the key, bounds each call, and turns an error answer into an AppError. */
import { AppError, ERROR_CODES, toError, type ErrorCode, type FieldProblem } from '@longshore/base';
import { readJson, shape, type Shape } from '@longshore/base/shape';
import createClient, { type Client, type Middleware } from 'openapi-fetch';

import type { paths } from './generated/api.ts';
import { limits } from './limits.ts';
import type { Settings } from './settings.ts';

export type Api = Client<paths>;

export function connectApi(settings: Settings): Api {
  const api = createClient<paths>({ baseUrl: settings.server });
  api.use(authentication(settings), refusals(settings));
  return api;
}

type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without what was not given, so that the server's own defaults hold. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

export function authorization(settings: Settings): Record<string, string> {
  return { authorization: `Bearer ${settings.apiKey}` };
}

/**
 * The answer's body, of a call that can't answer with an error any more
 * (`refusals` has thrown it).
 */
export async function body<T>(call: Promise<{ data?: T | undefined }>): Promise<T> {
  try {
    const { data } = await call;
    return data as T;
  } catch (thrown) {
    throw thrown instanceof SyntaxError
      ? new AppError('corrupt', 'The server answered with JSON that can not be read')
      : thrown;
  }
}

/** As `body`, for a call with `parseAs: 'stream'`. */
export async function content(
  call: Promise<{ data?: ReadableStream<Uint8Array> | null | undefined }>,
): Promise<ReadableStream<Uint8Array>> {
  const { data } = await call;
  // Of an answer without a byte there is no stream.
  return data ?? new ReadableStream({ start: (controller) => controller.close() });
}

function authentication(settings: Settings): Middleware {
  return {
    onRequest({ request, options }) {
      for (const [name, value] of Object.entries(authorization(settings))) request.headers.set(name, value);
      return options.parseAs === 'stream'
        ? request
        : new Request(request, {
            signal: AbortSignal.any([request.signal, AbortSignal.timeout(limits.requestMs)]),
          });
    },
  };
}

function refusals(settings: Settings): Middleware {
  return {
    async onResponse({ response, options }) {
      if (!response.ok) throw errorOf(response.status, await response.text(), settings.server);
      if (options.parseAs !== 'stream')
        requireType(response.headers.get('content-type'), 'json', settings.server);
    },
    onError({ error }) {
      return error instanceof AppError ? error : unreachable(settings.server, error);
    },
  };
}

export function unreachable(server: string, cause: unknown): AppError {
  const error = toError(cause);
  const reason =
    error.cause instanceof Error
      ? error.cause.message || String((error.cause as { code?: unknown }).code)
      : error.message;
  return new AppError('unavailable', `The server at ${server} can't be reached: ${reason}`, { cause });
}

/** Something else than a Longshore server listens where we were sent. @throws AppError `invalid` */
export function requireType(type: string | null, wanted: 'json' | 'event-stream', server: string): void {
  // An answer without a body has none.
  if (type === null || type.includes(wanted)) return;
  throw new AppError('invalid', `${server} answered with ${type}: it is no Longshore server; see --server`);
}

const ANSWER: Shape<{ error: ErrorAnswer }> = shape.fields({
  error: shape.fields({
    code: shape.text,
    message: shape.text,
    fields: shape.optional(shape.list(shape.fields({ field: shape.text, expected: shape.text }))),
    detail: shape.optional(shape.map(() => '')),
  }),
});

interface ErrorAnswer {
  code: string;
  message: string;
  fields?: FieldProblem[];
  detail?: Record<string, unknown>;
}

/** The server's `{ error: { code, message, fields, detail } }`; else what a proxy in between answered. */
export function errorOf(status: number, text: string, server: string): AppError {
  try {
    const { error } = readJson(text, ANSWER, 'the answer');
    const code = ERROR_CODES.find((known) => known === error.code) ?? codeOfStatus(status);
    return new AppError(code, error.message, { fields: error.fields ?? [], detail: error.detail ?? {} });
  } catch {
    return new AppError(codeOfStatus(status), `${server} answered ${status}: ${text.slice(0, 200)}`);
  }
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'notFound';
  return status >= 500 ? 'unavailable' : 'invalid';
}
