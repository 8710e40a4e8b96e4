/** What is about the server itself: its nodes, whether it lives, its figures. */
import type { ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { listOf, spaceParams } from '../schemas/common.ts';
import { node } from '../schemas/nodes.ts';
import type { ApiConfig, ApiServices } from '../services.ts';

export function serverRoutes(app: ApiApp, services: ApiServices, config: ApiConfig): void {
  app.get(
    `${SPACE}/nodes`,
    {
      schema: {
        tags: ['server'],
        operationId: 'listNodes',
        params: spaceParams,
        response: { 200: listOf(node) },
      },
    },
    async () => ({
      items: (await services.core.nodes()).map((one) => ({
        id: one.id,
        epoch: one.epoch,
        beat: one.beat,
        agentAddress: one.agentAddress,
        version: one.version,
        draining: one.draining,
        startedAt: one.startedAt,
        self: one.id === config.nodeId,
      })),
    }),
  );
  app.get('/livez', { config: { open: true } }, async () => ({ status: 'ok' }));
  app.get('/readyz', { config: { open: true } }, async (_request, reply) => {
    const { ready, detail } = config.ready();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'not ready', detail });
  });
  app.get('/metrics', { config: { open: config.openMetrics } }, async (_request, reply) => {
    const { contentType, body } = await config.metrics();
    return reply.header('content-type', contentType).send(body);
  });
}
