import { z } from 'zod';

import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import { changeTarget, createTarget, target, targetParams, targetsQuery } from '../schemas/targets.ts';
import { task } from '../schemas/tasks.ts';
import type { ApiServices } from '../services.ts';
import { taskView } from '../views.ts';
import { targetView } from '../views-targets.ts';

const tags = ['deployment targets'];

export function targetRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/targets`,
    {
      schema: {
        tags,
        operationId: 'listTargets',
        params: spaceParams,
        querystring: targetsQuery,
        response: { 200: listOf(target) },
      },
    },
    async (request) => {
      const targets = await services.targets.list(request.params.space, request.query);
      return { items: targets.map(targetView) };
    },
  );
  app.post(
    `${SPACE}/targets`,
    {
      schema: {
        tags,
        operationId: 'createTarget',
        summary: 'A machine that is registered, a cloud region, or a listening agent to pair with',
        params: spaceParams,
        body: createTarget,
        response: { 201: target },
      },
    },
    async (request, reply) =>
      reply.code(201).send(targetView(await services.targets.create(callerOf(request), request.body))),
  );
  app.get(
    `${SPACE}/targets/:target`,
    { schema: { tags, operationId: 'getTarget', params: targetParams, response: { 200: target } } },
    async (request) => targetView(await services.targets.get(request.params.space, request.params.target)),
  );
  app.patch(
    `${SPACE}/targets/:target`,
    {
      schema: {
        tags,
        operationId: 'changeTarget',
        params: targetParams,
        body: changeTarget,
        response: { 200: target },
      },
    },
    async (request) =>
      targetView(await services.targets.change(callerOf(request), request.params.target, request.body)),
  );
  app.delete(
    `${SPACE}/targets/:target`,
    {
      schema: {
        tags,
        operationId: 'deleteTarget',
        summary: 'Its machine goes too, unless it is in a worker pool or another target',
        params: targetParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await services.targets.delete(callerOf(request), request.params.target);
      return reply.code(204).send(null);
    },
  );
  app.post(
    `${SPACE}/targets/:target/health-check`,
    {
      schema: {
        tags,
        operationId: 'checkTargetHealth',
        summary: 'Check the health of its machine now; answers with the health task',
        params: targetParams,
        body: z.strictObject({}).nullish(),
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const started = await services.targets.check(callerOf(request), request.params.target);
      return reply.code(201).send(await taskView(started, services.names));
    },
  );
}
