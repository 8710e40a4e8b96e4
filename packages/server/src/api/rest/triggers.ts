import type { ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf } from '../schemas/common.ts';
import { trigger, triggersParams } from '../schemas/triggers.ts';
import type { ApiServices } from '../services.ts';

const tags = ['triggers'];

export function triggerRoutes(app: ApiApp, { core: { triggers } }: ApiServices): void {
  app.get(
    `${SPACE}/projects/:project/triggers`,
    {
      schema: {
        tags,
        operationId: 'listTriggers',
        summary: 'When each is due next, and what came of it last',
        params: triggersParams,
        response: { 200: listOf(trigger) },
      },
    },
    async ({ params }) => ({
      items: (await triggers.list(params.space, params.project)).map(({ does, ...rest }) => ({
        ...rest,
        does: does.kind,
      })),
    }),
  );
}
