import { z } from 'zod';

import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import { task } from '../schemas/tasks.ts';
import {
  addWorker,
  changeWorker,
  deleteWorkerQuery,
  healthQuery,
  worker,
  workerHealth,
  workerParams,
  workersQuery,
} from '../schemas/workers.ts';
import type { ApiServices } from '../services.ts';
import { taskView, workerView } from '../views.ts';

const tags = ['workers'];

export function workerRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/workers`,
    {
      schema: {
        tags,
        operationId: 'listWorkers',
        params: spaceParams,
        querystring: workersQuery,
        response: { 200: listOf(worker) },
      },
    },
    async (request) => ({
      items: (await services.workers.list(request.params.space, request.query.pool)).map(workerView),
    }),
  );
  app.post(
    `${SPACE}/workers`,
    {
      schema: {
        tags,
        operationId: 'addListeningWorker',
        summary: 'Pair with a listening agent and register it',
        params: spaceParams,
        body: addWorker,
        response: { 201: worker },
      },
    },
    async (request, reply) =>
      reply.code(201).send(workerView(await services.workers.addListening(callerOf(request), request.body))),
  );
  app.get(
    `${SPACE}/workers/:worker`,
    { schema: { tags, operationId: 'getWorker', params: workerParams, response: { 200: worker } } },
    async (request) => workerView(await services.workers.get(request.params.space, request.params.worker)),
  );
  app.patch(
    `${SPACE}/workers/:worker`,
    {
      schema: {
        tags,
        operationId: 'changeWorker',
        params: workerParams,
        body: changeWorker,
        response: { 200: worker },
      },
    },
    async (request) =>
      workerView(await services.workers.change(callerOf(request), request.params.worker, request.body)),
  );
  app.delete(
    `${SPACE}/workers/:worker`,
    {
      schema: {
        tags,
        operationId: 'deleteWorker',
        params: workerParams,
        querystring: deleteWorkerQuery,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await services.workers.delete(callerOf(request), request.params.worker, { force: request.query.force });
      return reply.code(204).send(null);
    },
  );
  app.post(
    `${SPACE}/workers/:worker/unlock`,
    {
      schema: {
        tags,
        operationId: 'unlockWorker',
        params: workerParams,
        body: z.strictObject({}).nullish(),
        response: { 200: worker },
      },
    },
    async (request) => workerView(await services.workers.unlock(callerOf(request), request.params.worker)),
  );
  healthRoutes(app, services);
}

function healthRoutes(app: ApiApp, services: ApiServices): void {
  app.post(
    `${SPACE}/workers/:worker/health-check`,
    {
      schema: {
        tags,
        operationId: 'checkWorkerHealth',
        summary: 'Check its health now; answers with the health task',
        params: workerParams,
        body: z.strictObject({}).nullish(),
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const started = await services.health.check(callerOf(request), request.params.worker);
      return reply.code(201).send(await taskView(started, services.names));
    },
  );
  app.get(
    `${SPACE}/workers/:worker/health`,
    {
      schema: {
        tags,
        operationId: 'getWorkerHealth',
        params: workerParams,
        querystring: healthQuery,
        response: { 200: workerHealth },
      },
    },
    async (request) => {
      const { worker: of, history } = await services.health.history(
        request.params.space,
        request.params.worker,
        request.query.limit,
      );
      return { health: of.health, healthReason: of.healthReason, healthAt: of.healthAt, items: history };
    },
  );
}
