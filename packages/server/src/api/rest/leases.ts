import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { flag, listOf, noContent, spaceParams } from '../schemas/common.ts';
import { lease, leaseHistoryQuery, leaseParams, leaseRequest, pastLease } from '../schemas/leases.ts';
import type { ApiServices } from '../services.ts';
import { leaseView, requestView, type TaskNames } from '../views.ts';
import { z } from 'zod';

const tags = ['leases'];
const releaseQuery = z.strictObject({
  force: flag.describe('Cancel what runs under it instead of refusing'),
});

export function leaseRoutes(app: ApiApp, services: ApiServices): void {
  const naming = () => ({ names: services.names, taskNames: taskNamesOf(services) });
  app.get(
    `${SPACE}/leases`,
    { schema: { tags, operationId: 'listLeases', params: spaceParams, response: { 200: listOf(lease) } } },
    async (request) => {
      const using = naming();
      const held = await services.core.leases.held(request.params.space);
      return { items: await Promise.all(held.map((one) => leaseView(one, using))) };
    },
  );
  app.get(
    `${SPACE}/leases/queue`,
    {
      schema: {
        tags,
        operationId: 'listLeaseQueue',
        params: spaceParams,
        response: { 200: listOf(leaseRequest) },
      },
    },
    async (request) => {
      const using = naming();
      const queue = await services.core.leases.queue(request.params.space);
      return { items: await Promise.all(queue.map((one) => requestView(one, using))) };
    },
  );
  app.get(
    `${SPACE}/leases/history`,
    {
      schema: {
        tags,
        operationId: 'listLeaseHistory',
        params: spaceParams,
        querystring: leaseHistoryQuery,
        response: { 200: listOf(pastLease) },
      },
    },
    async (request) => {
      const using = naming();
      const { task, worker, limit } = request.query;
      const past = await services.core.leases.history(request.params.space, {
        ...(task === undefined ? {} : { taskId: task }),
        ...(worker === undefined
          ? {}
          : { resourceId: await services.names.workerId(request.params.space, worker) }),
        limit,
      });
      const items = past.map(async (one) => ({
        ...(await leaseView(one, using)),
        releasedAt: one.releasedAt,
        releaseReason: one.releaseReason,
      }));
      return { items: await Promise.all(items) };
    },
  );
  app.delete(
    `${SPACE}/leases/:lease`,
    {
      schema: {
        tags,
        operationId: 'releaseLease',
        params: leaseParams,
        querystring: releaseQuery,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      const { spaceId, actor } = callerOf(request);
      await services.core.leases.release(spaceId, request.params.lease, actor, {
        force: request.query.force,
      });
      return reply.code(204).send(null);
    },
  );
}

/** Each task is asked for once a request. */
function taskNamesOf({ core }: ApiServices): TaskNames {
  const known = new Map<string, Promise<string>>();
  return (spaceId, taskId) => {
    let name = known.get(taskId);
    if (name === undefined) {
      name = core.tasks.get(spaceId, taskId).then(
        (task) => task.name,
        () => '',
      );
      known.set(taskId, name);
    }
    return name;
  };
}
