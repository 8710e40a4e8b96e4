import type { ApiApp } from '../app.ts';
import type { Held } from '../held.ts';
import { outputBytes, spoolBytes } from '../output.ts';
import { SPACE } from '../paths.ts';
import { bytes } from '../schemas/common.ts';
import { attemptParams, outputQuery, spoolQuery } from '../schemas/attempts.ts';
import { attempt } from '../schemas/tasks.ts';
import type { ApiServices } from '../services.ts';
import { attemptView } from '../views.ts';

const tags = ['attempts'];
const BYTES = 'application/octet-stream';

export function attemptRoutes(app: ApiApp, services: ApiServices, held: Held): void {
  const { core, logs, names } = services;
  app.get(
    `${SPACE}/attempts/:attempt`,
    { schema: { tags, operationId: 'getAttempt', params: attemptParams, response: { 200: attempt } } },
    async ({ params }) => attemptView(await core.tasks.attempt(params.space, params.attempt), names),
  );
  app.get(
    `${SPACE}/attempts/:attempt/output`,
    {
      schema: {
        tags,
        operationId: 'getOutput',
        summary: 'The bytes that the script wrote, as far as they are stored now',
        params: attemptParams,
        querystring: outputQuery,
        response: { 200: bytes },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { id } = await core.tasks.attempt(params.space, params.attempt);
      const content = outputBytes(held.logs(request, logs), id, {
        stream: query.stream,
        from: query.from,
        to: query.to ?? Number.POSITIVE_INFINITY,
      });
      return reply.header('content-type', BYTES).send(await held.download(request, reply, content));
    },
  );
  app.get(
    `${SPACE}/attempts/:attempt/spool`,
    {
      schema: {
        tags,
        operationId: 'getSpool',
        summary: 'The records of the output as they are stored now',
        params: attemptParams,
        querystring: spoolQuery,
        response: { 200: bytes },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { id } = await core.tasks.attempt(params.space, params.attempt);
      const content = spoolBytes(held.logs(request, logs), id, query.from);
      return reply.header('content-type', BYTES).send(await held.download(request, reply, content));
    },
  );
}
