/** The REST API and the event streams: what the CLI and the portal use, and nothing else. */
import { AppError } from '@longshore/base';
import type { AddressInfo } from 'node:net';

import { API_CLOSE_GRACE_MS } from '../limits.ts';
import { createApp, type ApiApp } from './app.ts';
import { requireKeys } from './auth.ts';
import { readBodies } from './bodies.ts';
import { Connections } from './connections.ts';
import { answerErrors, errorBody } from './errors.ts';
import { Held } from './held.ts';
import { describeApi } from './openapi.ts';
import { BASE } from './paths.ts';
import { addRoutes } from './routes.ts';
import type { ApiConfig, ApiServices } from './services.ts';

const LONGEST_PATH_SHOWN = 200;

export type { ApiConfig, ApiServices } from './services.ts';

export interface Api {
  /** @returns the port that it listens on. @throws AppError `unavailable` when the port is taken */
  listen(): Promise<number>;
  openapi(): Promise<object>;
  /** For tests: a call without a socket. */
  inject: ApiApp['inject'];
  /** Takes no new call, gives streams a moment, then cuts them: their cursors take them on. Idempotent. */
  close(): Promise<void>;
}

export function createApi(services: ApiServices, config: ApiConfig): Api {
  const connections = new Connections({
    clock: config.clock,
    logger: config.logger,
    refused: config.refused,
  });
  const app = createApp(connections);
  connections.watch(app.server);
  readBodies(app);
  app.setErrorHandler(answerErrors(config.logger));
  app.setNotFoundHandler((request, reply) => {
    const error = new AppError(
      'notFound',
      `There is no ${request.method} ${request.url.split('?', 1)[0]?.slice(0, LONGEST_PATH_SHOWN) ?? ''}`,
    );
    void reply.code(404).send(errorBody(error));
  });
  const { answered } = config;
  if (answered !== undefined) {
    app.addHook('onResponse', (_request, reply, done) => {
      answered(reply.statusCode, reply.elapsedTime);
      done();
    });
  }
  requireKeys(app, {
    ...{ apiKeys: services.apiKeys, clock: config.clock },
    known: (socket) => connections.known(socket),
    refused: config.keyRefused,
  });
  addRoutes(app, services, { config, held: new Held(connections) });
  let document: Promise<object> | undefined;
  const openapi = (): Promise<object> => (document ??= describeApi(config.version));
  app.get(`${BASE}/openapi.json`, { schema: { hide: true } }, openapi);
  let closing: Promise<void> | undefined;
  return {
    async listen() {
      try {
        await app.listen({ host: config.host, port: config.port });
      } catch (cause) {
        throw new AppError('unavailable', `The API can't listen on ${config.host}:${config.port}`, { cause });
      }
      return (app.server.address() as AddressInfo).port;
    },
    openapi,
    inject: app.inject.bind(app),
    close: () => (closing ??= close(app, config).finally(() => connections.close())),
  };
}

async function close(app: ApiApp, { clock }: ApiConfig): Promise<void> {
  const cut = clock.after(API_CLOSE_GRACE_MS, () => app.server.closeAllConnections());
  app.server.closeIdleConnections();
  await app.close();
  cut();
}
