import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { spaceParams } from '../schemas/common.ts';
import { changePolicy, policy } from '../schemas/policies.ts';
import type { ApiServices } from '../services.ts';
import { policyView } from '../views.ts';

const tags = ['machine policies'];

export function policyRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/policies/default`,
    { schema: { tags, operationId: 'getDefaultPolicy', params: spaceParams, response: { 200: policy } } },
    async (request) => policyView(await services.health.policy(request.params.space)),
  );
  app.patch(
    `${SPACE}/policies/default`,
    {
      schema: {
        tags,
        operationId: 'changeDefaultPolicy',
        params: spaceParams,
        body: changePolicy,
        response: { 200: policy },
      },
    },
    async (request) => policyView(await services.health.changePolicy(callerOf(request), request.body)),
  );
}
