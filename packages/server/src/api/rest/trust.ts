import { callerOf, type ApiApp } from '../app.ts';
import { BASE, SPACE } from '../paths.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import {
  apiKey,
  apiKeyParams,
  auditEvent,
  auditQuery,
  createApiKey,
  createdApiKey,
  createdToken,
  createToken,
  token,
  tokenParams,
  whoami,
} from '../schemas/trust.ts';
import type { ApiConfig, ApiServices } from '../services.ts';
import { apiKeyView, tokenView } from '../views.ts';

export function tokenRoutes(app: ApiApp, services: ApiServices): void {
  const tags = ['registration tokens'];
  app.get(
    `${SPACE}/tokens`,
    { schema: { tags, operationId: 'listTokens', params: spaceParams, response: { 200: listOf(token) } } },
    async (request) => {
      const tokens = await services.tokens.list(request.params.space);
      return { items: await Promise.all(tokens.map((one) => tokenView(one, services.names))) };
    },
  );
  app.post(
    `${SPACE}/tokens`,
    {
      schema: {
        tags,
        operationId: 'createToken',
        summary: 'A one-time token for `longshore-agent register`',
        params: spaceParams,
        body: createToken,
        response: { 201: createdToken },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await services.tokens.create(callerOf(request), request.body)),
  );
  app.delete(
    `${SPACE}/tokens/:token`,
    { schema: { tags, operationId: 'deleteToken', params: tokenParams, response: { 204: noContent } } },
    async (request, reply) => {
      await services.tokens.delete(callerOf(request), request.params.token);
      return reply.code(204).send(null);
    },
  );
}

export function apiKeyRoutes(app: ApiApp, services: ApiServices): void {
  const tags = ['API keys'];
  app.get(
    `${SPACE}/api-keys`,
    { schema: { tags, operationId: 'listApiKeys', params: spaceParams, response: { 200: listOf(apiKey) } } },
    async (request) => {
      const keys = await services.apiKeys.list(request.params.space);
      return { items: keys.map(apiKeyView) };
    },
  );
  app.post(
    `${SPACE}/api-keys`,
    {
      schema: {
        tags,
        operationId: 'createApiKey',
        params: spaceParams,
        body: createApiKey,
        response: { 201: createdApiKey },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await services.apiKeys.create(callerOf(request), request.body.name)),
  );
  app.delete(
    `${SPACE}/api-keys/:key`,
    { schema: { tags, operationId: 'revokeApiKey', params: apiKeyParams, response: { 204: noContent } } },
    async (request, reply) => {
      await services.apiKeys.revoke(callerOf(request), request.params.key);
      return reply.code(204).send(null);
    },
  );
}

export function auditRoutes(app: ApiApp, services: ApiServices): void {
  app.get(
    `${SPACE}/audit`,
    {
      schema: {
        tags: ['audit'],
        operationId: 'listAudit',
        params: spaceParams,
        querystring: auditQuery,
        response: { 200: listOf(auditEvent) },
      },
    },
    async (request) => ({ items: await services.audit.list(request.params.space, request.query.limit) }),
  );
}

export function whoamiRoutes(app: ApiApp, config: Pick<ApiConfig, 'nodeId' | 'version'>): void {
  app.get(
    `${BASE}/whoami`,
    { schema: { tags: ['server'], operationId: 'whoami', response: { 200: whoami } } },
    async (request) => {
      const { keyId, actor, spaceId } = callerOf(request);
      return {
        apiKey: { id: keyId, name: actor },
        space: spaceId,
        server: { nodeId: config.nodeId, version: config.version },
      };
    },
  );
}
