import { AppError } from '@longshore/base';
import { Readable } from 'node:stream';

import { LARGEST_PACKAGE_BYTES } from '@longshore/protocol/agent-package';

import { callerOf, type ApiApp } from '../app.ts';
import type { Held } from '../held.ts';
import { SPACE } from '../paths.ts';
import { agentPackage, agentPackageParams } from '../schemas/agent-packages.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import type { ApiServices } from '../services.ts';
import { agentPackageView } from '../views.ts';

const tags = ['upgrades'];

export function agentPackageRoutes(app: ApiApp, services: ApiServices, held: Held): void {
  // Read as it comes, and no further than its limit.
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  app.get(
    `${SPACE}/agent-packages`,
    {
      schema: {
        tags,
        operationId: 'listAgentPackages',
        params: spaceParams,
        response: { 200: listOf(agentPackage) },
      },
    },
    async (request) => ({
      items: (await services.agentPackages.list(request.params.space)).map(agentPackageView),
    }),
  );
  app.post(
    `${SPACE}/agent-packages`,
    {
      bodyLimit: LARGEST_PACKAGE_BYTES,
      schema: {
        tags,
        operationId: 'addAgentPackage',
        summary: 'Give the server a version of the agent: the body is the package, application/octet-stream',
        params: spaceParams,
        response: { 201: agentPackage },
      },
    },
    async (request, reply) => {
      const upload: unknown = request.body;
      if (!(upload instanceof Readable))
        throw new AppError('invalid', 'The body must be an agent package, as application/octet-stream');
      await held.upload(request, reply);
      const added = await services.agentPackages.add(callerOf(request), upload);
      return reply.code(201).send(agentPackageView(added));
    },
  );
  app.delete(
    `${SPACE}/agent-packages/:agentPackage`,
    {
      schema: {
        tags,
        operationId: 'deleteAgentPackage',
        params: agentPackageParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await services.agentPackages.delete(callerOf(request), request.params.agentPackage);
      return reply.code(204).send(null);
    },
  );
}
