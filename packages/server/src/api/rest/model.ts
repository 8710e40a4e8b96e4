/** Configuration as code: plan and apply, export, the schema for editors, and resources one by one. */
import { z } from 'zod';

import { invalid, notFound } from '@longshore/base';

import { nameKey } from '../../domain/model/ref.ts';
import { MODEL_KINDS } from '../../domain/model/resource.ts';
import { callerOf, type ApiApp } from '../app.ts';
import { BASE, SPACE } from '../paths.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import {
  applied,
  applyBody,
  exportQuery,
  kindParams,
  resource,
  resourceParams,
} from '../schemas/model/rest.ts';
import type { ApiServices } from '../services.ts';
import { resourceView } from '../views-model.ts';

const tags = ['configuration as code'];
/** The type is the handler's, the schema the document's (openapi.ts reads the description). */
const yamlText = z.string().describe('Bytes: application/yaml');
const jsonSchema = z.record(z.string(), z.unknown());

export function modelRoutes(app: ApiApp, services: ApiServices): void {
  applyRoutes(app, services);
  resourceRoutes(app, services);
  let schema: Promise<object> | undefined;
  app.get(
    `${BASE}/schemas/longshore.json`,
    {
      schema: { tags, operationId: 'getModelSchema', response: { 200: jsonSchema } },
      // Editors fetch it, and it says nothing of this server.
      config: { open: true },
    },
    async (_request, reply) => {
      schema ??= import('../model/json-schema.ts').then(({ modelJsonSchema }) => modelJsonSchema());
      return reply.send((await schema) as Record<string, unknown>);
    },
  );
}

function applyRoutes(app: ApiApp, services: ApiServices): void {
  app.post(
    `${SPACE}/apply`,
    {
      schema: {
        tags,
        operationId: 'apply',
        params: spaceParams,
        body: applyBody,
        response: { 200: applied },
      },
    },
    async (request) => {
      const { files, dryRun = false, prune = false, planToken } = request.body;
      // A server to which nobody applies anything never loads YAML.
      const { readModel } = await import('../model/read-model.ts');
      const input = { drafts: await readModel(files), prune, planToken };
      const caller = callerOf(request);
      const { apply } = services;
      const result = dryRun ? await apply.plan(caller, input) : await apply.apply(caller, input);
      return { ...result, applied: !dryRun };
    },
  );
  app.get(
    `${SPACE}/export`,
    {
      schema: {
        tags,
        operationId: 'exportModel',
        params: spaceParams,
        querystring: exportQuery,
        response: { 200: yamlText },
      },
    },
    async (request, reply) => {
      const { kind, name } = request.query;
      if (kind === undefined && name !== undefined) throw invalid('name', name, 'kind beside it');
      const text = await exported(services, { ...request.query, spaceId: request.params.space });
      return reply.type('application/yaml; charset=utf-8').send(text);
    },
  );
}

async function exported(
  { resources }: ApiServices,
  { spaceId, kind, name }: { spaceId: string } & z.output<typeof exportQuery>,
): Promise<string> {
  const { writeModel } = await import('../model/write-model.ts');
  if (kind !== undefined && kind !== 'workerPool') {
    const found =
      name === undefined ? await resources.list(spaceId, kind) : await resources.get(spaceId, kind, name);
    return writeModel(found.world, { pools: [], resources: found.resources });
  }
  const { world, resources: all } = await resources.list(spaceId);
  const pools = world.pools.filter(
    (pool) => name === undefined || pool.id === name || nameKey(pool.name) === nameKey(name),
  );
  if (name !== undefined && pools.length === 0) throw notFound('worker pool', name);
  const order = new Map<string, number>(MODEL_KINDS.map((each, i) => [each, i]));
  const sorted = all.toSorted((a, b) => (order.get(a.kind) ?? 0) - (order.get(b.kind) ?? 0));
  return writeModel(world, { pools, resources: kind === undefined ? sorted : [] });
}

function resourceRoutes(app: ApiApp, services: ApiServices): void {
  // The document of the API is made without services.
  const resources = (): ApiServices['resources'] => services.resources;
  app.get(
    `${SPACE}/resources/:kind`,
    {
      schema: { tags, operationId: 'listResources', params: kindParams, response: { 200: listOf(resource) } },
    },
    async (request) => {
      const { world, resources: all } = await resources().list(request.params.space, request.params.kind);
      return { items: all.map((each) => resourceView(each, world)) };
    },
  );
  app.get(
    `${SPACE}/resources/:kind/:name`,
    { schema: { tags, operationId: 'getResource', params: resourceParams, response: { 200: resource } } },
    async (request) => {
      const { space, kind, name } = request.params;
      const { world, resource: found } = await resources().get(space, kind, name);
      return resourceView(found, world);
    },
  );
  app.delete(
    `${SPACE}/resources/:kind/:name`,
    { schema: { tags, operationId: 'deleteResource', params: resourceParams, response: { 204: noContent } } },
    async (request, reply) => {
      await resources().delete(callerOf(request), request.params.kind, request.params.name);
      return reply.code(204).send(null);
    },
  );
}
