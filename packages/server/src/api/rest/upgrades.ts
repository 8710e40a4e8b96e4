import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { spaceParams } from '../schemas/common.ts';
import { task } from '../schemas/tasks.ts';
import { upgradeWorkers } from '../schemas/upgrades.ts';
import type { ApiServices } from '../services.ts';
import { taskView } from '../views.ts';

export function upgradeRoutes(app: ApiApp, services: ApiServices): void {
  app.post(
    `${SPACE}/upgrades`,
    {
      schema: {
        tags: ['upgrades'],
        operationId: 'upgradeWorkers',
        summary: 'Upgrade the agents of workers, one after the other; answers with the task that does it',
        params: spaceParams,
        body: upgradeWorkers,
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const started = await services.upgrades.start(callerOf(request), request.body);
      return reply.code(201).send(await taskView(started, services.names));
    },
  );
}
