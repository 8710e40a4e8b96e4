import { z } from 'zod';

import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { releaseView } from '../run-views.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import {
  blockRelease,
  createRelease,
  environmentProgress,
  progressionQuery,
  release,
  releaseParams,
  releasesQuery,
} from '../schemas/runs.ts';
import type { ApiServices } from '../services.ts';

const tags = ['releases'];
const ONE = `${SPACE}/projects/:project/releases/:version`;

export function releaseRoutes(app: ApiApp, { core: { releases } }: ApiServices): void {
  app.post(
    `${SPACE}/releases`,
    {
      schema: {
        tags,
        operationId: 'createRelease',
        params: spaceParams,
        body: createRelease,
        response: { 201: release },
      },
    },
    async (request, reply) =>
      reply.code(201).send(releaseView(await releases.create(callerOf(request), request.body))),
  );
  app.get(
    `${SPACE}/releases`,
    {
      schema: {
        tags,
        operationId: 'listReleases',
        params: spaceParams,
        querystring: releasesQuery,
        response: { 200: listOf(release) },
      },
    },
    async ({ params, query }) => ({ items: (await releases.list(params.space, query)).map(releaseView) }),
  );
  app.get(
    ONE,
    { schema: { tags, operationId: 'getRelease', params: releaseParams, response: { 200: release } } },
    async ({ params }) => releaseView(await releases.get(params.space, params.project, params.version)),
  );
  app.get(
    `${ONE}/progression`,
    {
      schema: {
        tags,
        operationId: 'getReleaseProgression',
        summary: 'Where it has been, and where it may go',
        params: releaseParams,
        querystring: progressionQuery,
        response: { 200: listOf(environmentProgress) },
      },
    },
    async ({ params, query }) => ({
      items: await releases.progression(params.space, params.project, params.version, query.tenant),
    }),
  );
  app.post(
    `${ONE}/update-variables`,
    {
      schema: {
        tags,
        operationId: 'updateReleaseVariables',
        summary: 'Take its variables anew from what stands now',
        params: releaseParams,
        body: z.strictObject({}).nullish(),
        response: { 200: release },
      },
    },
    async (request) =>
      releaseView(
        await releases.updateVariables(callerOf(request), request.params.project, request.params.version),
      ),
  );
  app.post(
    `${ONE}/block`,
    {
      schema: {
        tags,
        operationId: 'blockRelease',
        params: releaseParams,
        body: blockRelease,
        response: { 200: release },
      },
    },
    async (request) => {
      const { project, version } = request.params;
      return releaseView(await releases.block(callerOf(request), project, version, request.body.reason));
    },
  );
  app.delete(
    ONE,
    { schema: { tags, operationId: 'deleteRelease', params: releaseParams, response: { 204: noContent } } },
    async (request, reply) => {
      await releases.delete(callerOf(request), request.params.project, request.params.version);
      return reply.code(204).send(null);
    },
  );
}
