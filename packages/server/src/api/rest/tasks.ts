import type { TaskFilter } from '../../app/ports/tasks.ts';
import { callerOf, type ApiApp } from '../app.ts';
import type { Held } from '../held.ts';
import { SPACE } from '../paths.ts';
import { newTask } from '../requests.ts';
import { listOf, spaceParams } from '../schemas/common.ts';
import { streamEvent, streamQuery } from '../schemas/stream.ts';
import {
  artifact,
  attempt,
  cancelTask,
  createTask,
  didNotRun,
  logEntry,
  logQuery,
  outputVariable,
  task,
  taskDetail,
  taskParams,
  tasksQuery,
} from '../schemas/tasks.ts';
import type { ApiConfig, ApiServices } from '../services.ts';
import { answerStream, wantsStream } from '../stream.ts';
import { artifactView, attemptView, taskDetailView, taskView } from '../views.ts';

const tags = ['tasks'];

interface TaskRouteParts {
  services: ApiServices;
  config: ApiConfig;
  held: Held;
}

export function taskRoutes(app: ApiApp, { services, config, held }: TaskRouteParts): void {
  const { core, names } = services;
  app.post(
    `${SPACE}/tasks`,
    {
      schema: {
        tags,
        operationId: 'createTask',
        summary: 'Queue a script',
        description:
          'With `Accept: text/event-stream` the answer is the stream of the new task (as of GET …/tasks/{task}/stream), ' +
          'whose first event is `task`: one request submits and follows.',
        params: spaceParams,
        body: createTask,
        response: { 201: task },
      },
    },
    async (request, reply) => {
      const { spaceId, actor } = callerOf(request);
      const follows = wantsStream(request);
      // Before it is submitted: an answer that it can't be followed must not leave a task behind.
      if (follows) held.follow(request, reply);
      const submitted = await core.tasks.submit(
        spaceId,
        await newTask(request.body, { names, spaceId, createdBy: actor }),
      );
      if (follows) {
        answerStream(
          { request, reply, services, config, held },
          { task: submitted, cursor: null, status: 201 },
        );
        return reply;
      }
      return reply.code(201).send(await taskView(submitted, names));
    },
  );
  app.get(
    `${SPACE}/tasks`,
    {
      schema: {
        tags,
        operationId: 'listTasks',
        params: spaceParams,
        querystring: tasksQuery,
        response: { 200: listOf(task) },
      },
    },
    async (request) => {
      const { space } = request.params;
      const tasks = await core.tasks.list(space, await filterOf(services, space, request.query));
      return { items: await Promise.all(tasks.map((one) => taskView(one, names))) };
    },
  );
  app.get(
    `${SPACE}/tasks/:task`,
    { schema: { tags, operationId: 'getTask', params: taskParams, response: { 200: taskDetail } } },
    async (request) => taskDetailView(await core.tasks.get(request.params.space, request.params.task), names),
  );
  app.post(
    `${SPACE}/tasks/:task/cancel`,
    {
      schema: {
        tags,
        operationId: 'cancelTask',
        params: taskParams,
        body: cancelTask.nullish(),
        response: { 200: task },
      },
    },
    async (request) => {
      const { spaceId, actor } = callerOf(request);
      const reason = request.body?.reason;
      const by = reason === undefined ? actor : `${actor}: ${reason}`;
      return taskView(await core.tasks.cancel(spaceId, request.params.task, by), names);
    },
  );
  app.post(
    `${SPACE}/tasks/:task/did-not-run`,
    {
      schema: {
        tags,
        operationId: 'taskDidNotRun',
        summary: "An operator's word for attempts on unreachable workers: they did not run",
        params: taskParams,
        body: didNotRun.nullish(),
        response: { 200: task },
      },
    },
    async (request) => {
      const { spaceId, actor } = callerOf(request);
      const attemptId = request.body?.attempt;
      const word = { by: actor, ...(attemptId === undefined ? {} : { attemptId }) };
      return taskView(await core.tasks.didNotRun(spaceId, request.params.task, word), names);
    },
  );
  app.get(
    `${SPACE}/tasks/:task/stream`,
    {
      schema: {
        tags,
        operationId: 'streamTask',
        summary: 'Follow a task: server-sent events until it ends',
        description: 'Each event carries an id; after a cut go on with it as `cursor` or `Last-Event-ID`.',
        params: taskParams,
        querystring: streamQuery,
        response: { 200: streamEvent.describe('text/event-stream of these') },
      },
    },
    async (request, reply) => {
      const followed = await core.tasks.get(request.params.space, request.params.task);
      held.follow(request, reply);
      const last = request.headers['last-event-id'];
      const cursor = request.query.cursor ?? (typeof last === 'string' ? last : null);
      answerStream({ request, reply, services, config, held }, { task: followed, cursor, status: 200 });
      return reply;
    },
  );
  ofTaskRoutes(app, services);
}

function ofTaskRoutes(app: ApiApp, { core, names }: ApiServices): void {
  app.get(
    `${SPACE}/tasks/:task/log`,
    {
      schema: {
        tags,
        operationId: 'getTaskLog',
        params: taskParams,
        querystring: logQuery,
        response: { 200: listOf(logEntry) },
      },
    },
    async ({ params, query }) => ({
      items: await core.tasks.log(params.space, params.task, query.after, query.limit),
    }),
  );
  app.get(
    `${SPACE}/tasks/:task/attempts`,
    { schema: { tags, operationId: 'listAttempts', params: taskParams, response: { 200: listOf(attempt) } } },
    async ({ params }) => {
      const attempts = await core.tasks.attempts(params.space, params.task);
      return { items: await Promise.all(attempts.map((one) => attemptView(one, names))) };
    },
  );
  app.get(
    `${SPACE}/tasks/:task/variables`,
    {
      schema: {
        tags,
        operationId: 'listOutputVariables',
        params: taskParams,
        response: { 200: listOf(outputVariable) },
      },
    },
    async ({ params }) => {
      const [variables, attempts] = await Promise.all([
        core.tasks.variables(params.space, params.task),
        core.tasks.attempts(params.space, params.task),
      ]);
      const workers = new Map(attempts.map((one) => [one.id, one.workerId]));
      const items = variables.map(async (variable) => ({
        attemptId: variable.attemptId,
        action: variable.action,
        workerName: await names.workerName(params.space, workers.get(variable.attemptId) ?? ''),
        name: variable.name,
        value: variable.value,
        sensitive: variable.sensitive,
      }));
      return { items: await Promise.all(items) };
    },
  );
  app.get(
    `${SPACE}/tasks/:task/artifacts`,
    {
      schema: { tags, operationId: 'listArtifacts', params: taskParams, response: { 200: listOf(artifact) } },
    },
    async ({ params }) => {
      const artifacts = await core.tasks.artifacts(params.space, params.task);
      return { items: artifacts.map(artifactView) };
    },
  );
}

async function filterOf(
  { names }: ApiServices,
  spaceId: string,
  query: {
    state?: string | undefined;
    pool?: string | undefined;
    worker?: string | undefined;
    limit: number;
    before?: string | undefined;
  },
): Promise<TaskFilter> {
  const filter: TaskFilter = { limit: query.limit };
  if (query.state !== undefined) filter.states = [query.state as NonNullable<TaskFilter['states']>[number]];
  if (query.pool !== undefined) filter.poolId = await names.poolId(spaceId, query.pool);
  if (query.worker !== undefined) filter.workerId = await names.workerId(spaceId, query.worker);
  if (query.before !== undefined) filter.before = query.before;
  return filter;
}
