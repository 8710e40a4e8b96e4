/** The body of `POST /tasks` as what `core` takes: names resolved, defaults filled in. */
import type { KnownNames } from '../app/machines/known-names.ts';
import type { NewTask } from '../app/ports/core-api.ts';
import type { ScriptSpec } from '../domain/script.ts';
import type { TaskTarget } from '../domain/task.ts';
import { SCRIPT_GRACE_MS } from '../limits.ts';
import type { CreateTaskBody } from './schemas/tasks.ts';

/** @throws AppError `notFound` for a pool or worker that is not there */
export async function newTask(
  body: CreateTaskBody,
  { names, spaceId, createdBy }: { names: KnownNames; spaceId: string; createdBy: string },
): Promise<NewTask> {
  const timeoutMs = body.timeoutMs ?? 0;
  return {
    kind: 'script',
    name: body.name ?? 'script',
    spec: {
      target: await targetOf(body, { names, spaceId }),
      script: scriptOf(body.script, timeoutMs),
      leaseMode: body.leaseMode ?? 'shared',
      tools: body.tools ?? [],
    },
    timeoutMs,
    createdBy,
  };
}

async function targetOf(
  { pool, workers }: CreateTaskBody,
  { names, spaceId }: { names: KnownNames; spaceId: string },
): Promise<TaskTarget> {
  if (workers !== undefined) {
    const ids = await Promise.all(workers.map((worker) => names.workerId(spaceId, worker)));
    return { kind: 'workers', workerIds: [...new Set(ids)] };
  }
  const poolId = pool === undefined ? await names.defaultPoolId(spaceId) : await names.poolId(spaceId, pool);
  return { kind: 'pool', poolId };
}

function scriptOf(script: CreateTaskBody['script'], timeoutMs: number): ScriptSpec {
  return {
    interpreter: script.interpreter ?? 'bash',
    body: script.body,
    arguments: script.arguments ?? [],
    environment: script.environment ?? {},
    variables: (script.variables ?? []).map(({ name, value, sensitive }) => ({
      name,
      value,
      sensitive: sensitive ?? false,
    })),
    files: (script.files ?? []).map(({ name, contentBase64, executable }) => ({
      name,
      contentBase64,
      executable: executable ?? false,
    })),
    timeoutMs,
    graceMs: script.graceMs ?? SCRIPT_GRACE_MS,
    isolation: script.isolation ?? null,
    terminal: script.terminal ?? null,
    runAs: script.runAs ?? '',
    maxProcesses: script.maxProcesses ?? 0,
    outputQuotaBytes: script.outputQuotaBytes ?? 0,
    ...(script.largestLogBytes === undefined ? {} : { largestLogBytes: script.largestLogBytes }),
  };
}
