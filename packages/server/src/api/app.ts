/**
 * The bare HTTP application: how input is checked, errors told, bodies
 * written. Routes are added by `routes.ts`.
 */
import { AppError } from '@longshore/base';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
  type RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { z } from 'zod';

import type { Caller } from '../app/ports/caller.ts';
import {
  HTTP_HEAD_BYTES,
  HTTP_HEAD_MS,
  HTTP_KEEP_ALIVE_MS,
  HTTP_LOOK_MS,
  LARGEST_REQUEST_BYTES,
  REQUEST_TIMEOUT_MS,
} from '../limits.ts';
import { errorBody, statusOf } from './errors.ts';
import { check } from './validation.ts';

export type ApiApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Input by the zod schema of its route. */
const checkInput: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart === 'querystring' ? 'The query' : httpPart === 'params' ? 'The path' : 'The request';
  return (input: unknown) => {
    try {
      return { value: check(schema, input ?? undefined, part) };
    } catch (thrown) {
      if (thrown instanceof AppError) return { error: thrown };
      throw thrown;
    }
  };
};

/**
 * What goes out was made field by field in views.ts against the same schemas' types: checking it again costs more
 * than it finds.
 */
const writeBody = () => (body: unknown) => JSON.stringify(body);

/** What sees to connections before there is a request. */
export interface Doorkeeper {
  /** False: it is not to be answered, for its connection is ended. */
  admits(request: IncomingMessage, response: ServerResponse): boolean;
  /** What came on a connection is no request: it is to be ended. */
  broken(error: { code?: string }, socket: Socket): void;
}

export function createApp(doorkeeper: Doorkeeper): ApiApp {
  const app = fastify({
    // Given here, and not set later, so that fastify never loads its own, ajv and fast-json-stringify; it has only
    // their types for it.
    schemaController: {
      compilersFactory: { buildValidator: () => checkInput as never, buildSerializer: () => writeBody },
    },
    logger: false,
    bodyLimit: LARGEST_REQUEST_BYTES,
    // Before fastify has a part in it: thousands of requests may stand in one packet.
    serverFactory: (handle) =>
      createServer(
        {
          maxHeaderSize: HTTP_HEAD_BYTES,
          headersTimeout: HTTP_HEAD_MS,
          requestTimeout: REQUEST_TIMEOUT_MS,
          keepAliveTimeout: HTTP_KEEP_ALIVE_MS,
          connectionsCheckingInterval: HTTP_LOOK_MS,
        },
        (request, response) => {
          if (doorkeeper.admits(request, response)) handle(request, response);
        },
      ),
    clientErrorHandler: (error, socket) => doorkeeper.broken(error, socket),
    exposeHeadRoutes: false,
    frameworkErrors: (_error, _request, reply) => {
      const error = new AppError('invalid', 'The path of the request can not be read, or is too long');
      void (reply as unknown as FastifyReply).code(statusOf(error)).send(errorBody(error));
    },
    forceCloseConnections: 'idle',
    // Names of pools stand in paths.
    routerOptions: { maxParamLength: 300 },
  }).withTypeProvider<ZodTypeProvider>();
  app.decorateRequest('caller', null);
  return app;
}

/** Who asks, on a route that needs a key. */
export function callerOf(request: Pick<FastifyRequest, 'caller'>): Caller & { keyId: string } {
  if (request.caller === null) throw new AppError('bug', 'a route was reached without authentication');
  return request.caller;
}
