import { z } from 'zod';

import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import { changePool, createPool, pool, poolParams } from '../schemas/pools.ts';
import type { ApiServices } from '../services.ts';
import { poolView } from '../views.ts';

const tags = ['worker pools'];

export function poolRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/pools`,
    { schema: { tags, operationId: 'listPools', params: spaceParams, response: { 200: listOf(pool) } } },
    async (request) => ({ items: (await services.pools.list(request.params.space)).map(poolView) }),
  );
  app.post(
    `${SPACE}/pools`,
    {
      schema: {
        tags,
        operationId: 'createPool',
        params: spaceParams,
        body: createPool,
        response: { 201: pool },
      },
    },
    async (request, reply) =>
      reply.code(201).send(poolView(await services.pools.create(callerOf(request), request.body))),
  );
  app.get(
    `${SPACE}/pools/:pool`,
    { schema: { tags, operationId: 'getPool', params: poolParams, response: { 200: pool } } },
    async (request) => poolView(await services.pools.get(request.params.space, request.params.pool)),
  );
  app.patch(
    `${SPACE}/pools/:pool`,
    {
      schema: {
        tags,
        operationId: 'changePool',
        params: poolParams,
        body: changePool,
        response: { 200: pool },
      },
    },
    async (request) =>
      poolView(await services.pools.change(callerOf(request), request.params.pool, request.body)),
  );
  app.delete(
    `${SPACE}/pools/:pool`,
    { schema: { tags, operationId: 'deletePool', params: poolParams, response: { 204: noContent } } },
    async (request, reply) => {
      await services.pools.delete(callerOf(request), request.params.pool);
      return reply.code(204).send(null);
    },
  );
  app.post(
    `${SPACE}/pools/:pool/default`,
    {
      schema: {
        tags,
        operationId: 'setDefaultPool',
        params: poolParams,
        body: z.strictObject({}).nullish(),
        response: { 200: pool },
      },
    },
    async (request) => poolView(await services.pools.setDefault(callerOf(request), request.params.pool)),
  );
}
