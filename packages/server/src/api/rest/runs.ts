import { z } from 'zod';

import type { RunRequest } from '../../app/ports/run-api.ts';
import { callerOf, type ApiApp } from '../app.ts';
import { SPACE } from '../paths.ts';
import { interruptionView, runTreeView, runView } from '../run-views.ts';
import { listOf, noContent, spaceParams } from '../schemas/common.ts';
import {
  answerInterruption,
  deploy,
  interruption,
  interruptionParams,
  interruptionsQuery,
  publishedSnapshot,
  runbookParams,
  run,
  runRunbook,
  runsQuery,
  runTree,
  type RunBody,
} from '../schemas/runs.ts';
import { task, taskParams } from '../schemas/tasks.ts';
import type { ApiServices } from '../services.ts';
import { taskView } from '../views.ts';

const tags = ['deployments and runbooks'];

export function runRoutes(app: ApiApp, { core: { processRuns, tasks }, names }: ApiServices): void {
  app.post(
    `${SPACE}/deployments`,
    {
      schema: {
        tags,
        operationId: 'deploy',
        summary: 'Deploy a release to an environment',
        params: spaceParams,
        body: deploy,
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const { project, version } = request.body;
      const asked = { project, version, ...requestOf(request.body) };
      return reply.code(201).send(await taskView(await processRuns.deploy(callerOf(request), asked), names));
    },
  );
  app.post(
    `${SPACE}/runbook-runs`,
    {
      schema: {
        tags,
        operationId: 'runRunbook',
        params: spaceParams,
        body: runRunbook,
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const { project, runbook, draft } = request.body;
      const asked = { project, runbook, draft, ...requestOf(request.body) };
      return reply
        .code(201)
        .send(await taskView(await processRuns.runRunbook(callerOf(request), asked), names));
    },
  );
  app.get(
    `${SPACE}/runs`,
    {
      schema: {
        tags,
        operationId: 'listRuns',
        summary: 'Deployments and runbook runs, newest first',
        params: spaceParams,
        querystring: runsQuery,
        response: { 200: listOf(run) },
      },
    },
    async ({ params, query: { before, kind, ...query } }) => {
      const runs = await processRuns.list(params.space, {
        ...query,
        ...(before === undefined ? {} : { before }),
        ...(kind === undefined ? {} : kind === 'deployment' ? { runbookId: '' } : { releaseId: '' }),
      });
      const items = runs.map(async (one) => runView(one, await tasks.get(params.space, one.taskId)));
      return { items: await Promise.all(items) };
    },
  );
  app.get(
    `${SPACE}/tasks/:task/tree`,
    {
      schema: {
        tags,
        operationId: 'getRunTree',
        summary: 'Plan and progress of a run: steps, actions, targets',
        params: taskParams,
        response: { 200: runTree },
      },
    },
    async ({ params }) => runTreeView(await processRuns.tree(params.space, params.task)),
  );
  app.post(
    `${SPACE}/tasks/:task/move-to-top`,
    {
      schema: {
        tags,
        operationId: 'moveTaskToTop',
        params: taskParams,
        body: z.strictObject({}).nullish(),
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await processRuns.moveToTop(callerOf(request), request.params.task);
      return reply.code(204).send(null);
    },
  );
  publishRoutes(app, processRuns);
  interruptionRoutes(app, processRuns);
}

function publishRoutes(app: ApiApp, processRuns: ApiServices['core']['processRuns']): void {
  const path = `${SPACE}/projects/:project/runbooks/:runbook/published`;
  app.put(
    path,
    {
      schema: {
        tags,
        operationId: 'publishRunbook',
        summary: 'Its runs take it, and the variables, as they stand in this moment',
        params: runbookParams,
        body: z.strictObject({}).nullish(),
        response: { 200: publishedSnapshot },
      },
    },
    async (request) => {
      const { project, runbook } = request.params;
      const published = await processRuns.publish(callerOf(request), project, runbook);
      const { runbookId, snapshotId, publishedAt, publishedBy } = published;
      return { runbookId, snapshotId, publishedAt, publishedBy };
    },
  );
  app.delete(
    path,
    {
      schema: {
        tags,
        operationId: 'unpublishRunbook',
        summary: 'Its runs take it as it stands when they are asked for',
        params: runbookParams,
        response: { 204: noContent },
      },
    },
    async (request, reply) => {
      await processRuns.unpublish(callerOf(request), request.params.project, request.params.runbook);
      return reply.code(204).send(null);
    },
  );
}

function interruptionRoutes(app: ApiApp, processRuns: ApiServices['core']['processRuns']): void {
  app.get(
    `${SPACE}/interruptions`,
    {
      schema: {
        tags,
        operationId: 'listInterruptions',
        summary: 'Questions that wait for an answer',
        params: spaceParams,
        querystring: interruptionsQuery,
        response: { 200: listOf(interruption) },
      },
    },
    async ({ params, query }) => ({
      items: (await processRuns.interruptions(params.space, query.limit)).map(interruptionView),
    }),
  );
  app.post(
    `${SPACE}/interruptions/:interruption/answer`,
    {
      schema: {
        tags,
        operationId: 'answerInterruption',
        params: interruptionParams,
        body: answerInterruption,
        response: { 200: interruption },
      },
    },
    async (request) =>
      interruptionView(
        await processRuns.answer(callerOf(request), request.params.interruption, request.body),
      ),
  );
}

function requestOf(body: RunBody): RunRequest {
  const { skip = [], targets = [], excludeTargets = [] } = body;
  const { environment, tenant, variables, guidedFailure, prioritise } = body;
  const { notBefore, expiresAt, timeoutMs, comments } = body;
  return {
    ...{ environment, tenant, variables, guidedFailure, prioritise },
    ...{ notBefore, expiresAt, timeoutMs, comments },
    choices: { skipSteps: skip, targets, excludedTargets: excludeTargets },
  };
}
